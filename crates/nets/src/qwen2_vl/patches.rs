//! From a photo to the vision tower's patches.
