//! The plate writer: half RGB scanline OpenEXR.
