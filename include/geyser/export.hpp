// Symbol visibility. Every public function and class that has code in a library carries GEYSER_API.
#pragma once

#if defined(GEYSER_STATIC)
#define GEYSER_API
#elif defined(_WIN32)
#if defined(GEYSER_BUILDING)
#define GEYSER_API __declspec(dllexport)
#else
#define GEYSER_API __declspec(dllimport)
#endif
#else
#define GEYSER_API __attribute__((visibility("default")))
#endif
