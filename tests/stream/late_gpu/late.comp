// Keeps one lane of a GPU busy for so many turns, each of which needs the one before.
#version 450
layout(local_size_x = 1) in;
layout(binding = 0) buffer Result { uint value; };
layout(push_constant) uniform Push { uint turns; };

void main() {
  uint x = value;
  for (uint i = 0u; i < turns; ++i) x = (x * 1664525u + 1013904223u) ^ (x >> 7);
  value = x;
}
