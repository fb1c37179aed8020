// One texel of the output for each invocation: the input turned, zoomed and tinted, or as it is (phase below zero).
#version 450
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D source;
layout(binding = 1, rgba8) writeonly uniform image2D target;
layout(push_constant) uniform Push { float phase; };

void main() {
  ivec2 at = ivec2(gl_GlobalInvocationID.xy);
  ivec2 size = imageSize(target);
  if (any(greaterThanEqual(at, size))) return;
  if (phase < 0.0) {
    imageStore(target, at, texelFetch(source, at, 0));
    return;
  }
  vec2 p = (vec2(at) + 0.5) / vec2(size) - 0.5;
  float aspect = float(size.x) / float(size.y);
  p.x *= aspect;
  float angle = 0.35 * sin(phase * 0.7);
  float zoom = 1.15 + 0.25 * sin(phase);
  p = mat2(cos(angle), sin(angle), -sin(angle), cos(angle)) * p / zoom;
  p.x /= aspect;
  vec4 color = texture(source, p + 0.5);
  vec3 tint = 0.85 + 0.15 * cos(phase + vec3(0.0, 2.1, 4.2));
  imageStore(target, at, vec4(color.rgb * tint, 1.0));
}
