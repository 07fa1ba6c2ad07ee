//! Open a model pack, locate photos.
