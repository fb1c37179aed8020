// Sanitizer builds only: libraries stay loaded, so that a leak inside a driver is reported with the driver's name and
// lsan.supp can tell it from Geyser's own.
extern "C" int dlclose(void*) noexcept { return 0; }
