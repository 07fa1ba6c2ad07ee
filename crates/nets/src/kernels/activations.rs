//! SwiGLU, GELU and the like.
