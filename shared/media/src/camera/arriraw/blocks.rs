//! The header of an ARRIRAW file (SMPTE RDD 30, header version 3): blocks of fields at fixed places.
//!
//! RDD 30 names the blocks; offsets and units are those of ARRI's metadata white paper (2020-11), as open readers have them.
//! All numbers are little-endian.

use Kind::{Bcd, F32, Guid, I32, I64, Reversed, Text, U8, U16, U32, U64};

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    U16,
    U32,
    U64,
    I32,
    I64,
    F32,
    /// Eight decimal digits in four bytes, the last two first.
    Bcd,
    /// So many bytes of text, ended by a NUL when shorter.
    Text(usize),
    /// So many letters, the last first.
    Reversed(usize),
    /// 16 bytes, the first three numbers little-endian.
    Guid,
}

/// A field: its place, how it is written, its name.
pub(super) type Field = (usize, Kind, &'static str);

/// A block: its name, the place of the word that says whether it is there, and its fields.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) valid: usize,
    pub(super) fields: &'static [Field],
}

/// Every block that is known.
pub(super) const BLOCKS: &[Block] = &[
    Block {
        name: "IDI", // Image Data Information
        valid: 0x010,
        fields: &[
            (0x014, U32, "ImageWidth"),
            (0x018, U32, "ImageHeight"),
            (0x01c, U32, "DataType"),
            (0x020, U32, "DataSpace"),
            (0x024, U32, "ActiveImageLeft"),
            (0x028, U32, "ActiveImageTop"),
            (0x02c, U32, "ActiveImageWidth"),
            (0x030, U32, "ActiveImageHeight"),
            (0x03c, U32, "FullImageWidth"),
            (0x040, U32, "FullImageHeight"),
            (0x048, U32, "ImageDataSize"),
        ],
    },
    Block {
        name: "ICI", // Image Content Information
        valid: 0x054,
        fields: &[
            (0x058, U32, "ColorProcessingVersion"),
            (0x05c, U32, "WhiteBalance"),
            (0x060, F32, "WhiteBalanceCC"),
            (0x064, F32, "WhiteBalanceFactorR"),
            (0x068, F32, "WhiteBalanceFactorG"),
            (0x06c, F32, "WhiteBalanceFactorB"),
            (0x070, U32, "WhiteBalanceApplied"),
            (0x074, U32, "ExposureIndexAsa"),
            (0x0bc, U32, "TargetColorSpace"),
            (0x0c0, U32, "Sharpness"),
            (0x0c4, F32, "LensSqueeze"),
            (0x0c8, U32, "ImageOrientation"),
            (0x0cc, Text(32), "Look"),
            (0x0ec, U32, "LookLutMode"),
            (0x0f0, U32, "LookLutOffset"),
            (0x0f4, U32, "LookLutSize"),
            (0x0f8, F32, "LookSaturation"),
            (0x0fc, F32, "CdlSaturation"),
            (0x100, F32, "CdlSlopeR"),
            (0x104, F32, "CdlSlopeG"),
            (0x108, F32, "CdlSlopeB"),
            (0x10c, F32, "CdlOffsetR"),
            (0x110, F32, "CdlOffsetG"),
            (0x114, F32, "CdlOffsetB"),
            (0x118, F32, "CdlPowerR"),
            (0x11c, F32, "CdlPowerG"),
            (0x120, F32, "CdlPowerB"),
            (0x130, U32, "CdlMode"),
            (0x134, U32, "ImageDataChecksum"),
            (0x138, U32, "ColorOrder"),
        ],
    },
    Block {
        name: "CDI", // Camera Device Information
        valid: 0x160,
        fields: &[
            (0x164, U32, "CameraType"),
            (0x168, U32, "CameraRevision"),
            (0x170, U32, "CameraSerialNumber"),
            (0x174, Reversed(4), "CameraId"),
            (0x178, U32, "CameraIndex"),
            (0x17c, Bcd, "Date"),
            (0x180, Bcd, "Time"),
            (0x184, Bcd, "TimeZoneOffset"),
            (0x188, Bcd, "DaylightSaving"),
            (0x18c, U32, "ExposureTime"),
            (0x190, U32, "ShutterAngle"),
            (0x1a0, U32, "SensorFps"),
            (0x1a4, U32, "ProjectFps"),
            (0x1a8, Bcd, "MasterTimecode"),
            (0x1ac, U32, "MasterTimecodeFrameCount"),
            (0x1b0, U32, "MasterTimecodeTimeBase"),
            (0x268, U64, "StorageMediaSerialNumber"),
            (0x29c, Text(8), "CameraFamily"),
            (0x2a4, Text(32), "RecorderType"),
            (0x2c4, U32, "CameraFlags"),
            (0x2d0, Guid, "ClipUuid"),
            (0x2f8, Text(20), "CameraModel"),
            (0x30c, U16, "Product"),
            (0x30e, U16, "SubProduct"),
        ],
    },
    Block {
        name: "LDI", // Lens Data Information
        valid: 0x370,
        fields: &[
            (0x374, U32, "LensDistanceUnit"),
            (0x378, U32, "LensFocusDistance"),
            (0x37c, U32, "LensFocalLength"),
            (0x380, U32, "LensSerialNumber"),
            (0x384, I32, "LensLinearIris"),
            (0x388, U16, "NdFilterType"),
            (0x38a, U16, "NdFilterDensity"),
            (0x398, Text(32), "LensModel"),
            (0x3b8, U16, "RawEncoderFocusLds"),
            (0x3ba, U16, "RawEncoderFocusMotor"),
            (0x3bc, U16, "RawEncoderFocalLds"),
            (0x3be, U16, "RawEncoderFocalMotor"),
            (0x3c0, U16, "RawEncoderIrisLds"),
            (0x3c2, U16, "RawEncoderIrisMotor"),
            (0x3dc, U8, "LdsLagType"),
            (0x3dd, U8, "LdsLagValue"),
        ],
    },
    Block {
        name: "VFX",
        valid: 0x438,
        fields: &[
            (0x43c, I64, "GpsLatitude"),
            (0x444, I64, "GpsLongitude"),
            (0x44c, F32, "CameraX"),
            (0x450, F32, "CameraY"),
            (0x454, F32, "CameraZ"),
            (0x458, F32, "CameraPan"),
            (0x45c, I32, "CameraTilt"),
            (0x460, I32, "CameraRoll"),
            (0x464, U16, "MasterSlave"),
            (0x468, U16, "Eye"),
        ],
    },
    Block {
        name: "CID", // Clip Information
        valid: 0x4f0,
        fields: &[
            (0x4f4, U8, "CircleTake"),
            (0x4f8, Text(8), "Reel"),
            (0x500, Text(16), "Scene"),
            (0x510, Text(8), "Take"),
            (0x518, Text(32), "Director"),
            (0x538, Text(32), "Cinematographer"),
            (0x558, Text(32), "Production"),
            (0x578, Text(32), "ProductionCompany"),
            (0x598, Text(256), "UserInfo"),
            (0x698, Text(24), "CameraClipName"),
        ],
    },
    Block {
        name: "SID", // Sound Information
        valid: 0x718,
        fields: &[
            (0x71c, Bcd, "SoundTimecode"),
            (0x72c, Text(32), "SoundFile"),
            (0x74c, Text(32), "SoundRoll"),
            (0x76c, Text(32), "SoundScene"),
            (0x78c, Text(32), "SoundTake"),
            (0x7ac, Text(32), "SoundInfo"),
        ],
    },
    Block {
        name: "FLI", // Frame Line Information
        valid: 0x84c,
        fields: &[
            (0x850, Text(32), "FrameLineFile1"),
            (0x870, Text(32), "FrameLineFile2"),
            (0x9d8, U32, "NoiseReductionMode"),
            (0x9dc, F32, "NoiseReductionStrength"),
            (0x9e0, U32, "NoiseReductionApplied"),
        ],
    },
];

/// Frame lines 1A, 1B, 1C, 2A, 2B, 2C: their type, name, and [left, top, width, height] in stored photosites.
pub(super) const FRAME_LINES: usize = 0x890;
pub(super) const FRAME_LINE_BYTES: usize = 0x30;
pub(super) const FRAME_LINE_COUNT: usize = 6;
