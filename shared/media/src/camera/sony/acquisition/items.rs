//! The items of SMPTE RDD 18 sets: tag, name, form.
//!
//! Names as EBU Tech 3349 has them; makers' own items as open readers of their files know them.

/// How an item's bytes, all big-endian, are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    U8,
    U16,
    U32,
    I32,
    F32,
    /// u16, hundredths.
    Hundredths,
    /// u32, hundredths.
    Hundredths32,
    /// u16, tenths.
    Tenths,
    /// u16, of 65536.
    Fraction,
    /// u16: the number of a stop is 2^(8(1 - v/65536)).
    Stop,
    /// u16: signed exponent of ten in 4 bits, mantissa in 12; metres.
    Metres,
    /// The same, told in millimetres.
    Millimetres,
    /// u32, nanoseconds.
    Nanoseconds,
    /// u16 and u16, `n/d`.
    Ratio16,
    /// u32 and u32, `n/d`.
    Ratio,
    /// Two u32 of which the first is the divisor, `n/d`.
    Inverse,
    /// UTF-8, ends at 0.
    Text,
    /// A universal label.
    Label,
    /// u8 that counts through names.
    Choice(&'static [&'static str]),
    /// count u32, size u32, ten half floats: slope, offset, power, saturation.
    Cdl,
    /// u8 zone, then BCD: century, year, month, day, hour, minute, second.
    BcdTime,
    /// Zone in four u8, year u16, month, day, hour, minute, second u8, milliseconds u16.
    ZonedTime,
}

/// A tag, its name, its form.
type Item = (u16, &'static str, Form);

/// Items of the lens and camera sets, and those whose tags no two makers use for different things.
const COMMON: &[Item] = &[
    (0x3210, "CaptureGammaEquation", Form::Label),
    (0x3219, "ColorPrimaries", Form::Label),
    (0x321a, "CodingEquations", Form::Label),
    (0x8000, "IrisFNumber", Form::Stop),
    (0x8001, "FocusPositionFromImagePlane", Form::Metres),
    (0x8002, "FocusPositionFromFrontLensVertex", Form::Metres),
    (0x8003, "MacroSetting", Form::U8),
    (0x8004, "LensZoom35mmStillCameraEquivalent", Form::Millimetres),
    (0x8005, "LensZoomActualFocalLength", Form::Millimetres),
    (0x8006, "OpticalExtenderMagnification", Form::U16),
    (0x8007, "LensAttributes", Form::Text),
    (0x8008, "IrisTNumber", Form::Stop),
    (0x8009, "IrisRingPosition", Form::Fraction),
    (0x800a, "FocusRingPosition", Form::Fraction),
    (0x800b, "ZoomRingPosition", Form::Fraction),
    (0x8100, "AutoExposureMode", Form::Label),
    (0x8101, "AutoFocusSensingAreaSetting", Form::U8),
    (0x8102, "ColorCorrectionFilterWheelSetting", Form::U8),
    (0x8103, "NeutralDensityFilterWheelSetting", Form::U16),
    (0x8104, "ImagerDimensionWidth", Form::U16),
    (0x8105, "ImagerDimensionHeight", Form::U16),
    (0x8106, "CaptureFrameRate", Form::Ratio),
    (0x8107, "ImageSensorReadoutMode", Form::Choice(&["interlaced field", "interlaced frame", "progressive frame"])),
    (0x8108, "ShutterSpeedAngle", Form::I32),
    (0x8109, "ShutterSpeedTime", Form::Ratio),
    (0x810a, "CameraMasterGainAdjustment", Form::Hundredths),
    (0x810b, "ISOSensitivity", Form::U16),
    (0x810c, "ElectricalExtenderMagnification", Form::U16),
    (0x810d, "AutoWhiteBalanceMode", Form::Choice(&["preset", "automatic", "hold", "one push"])),
    (0x810e, "WhiteBalance", Form::U16),
    (0x810f, "CameraMasterBlackLevel", Form::Tenths),
    (0x8110, "CameraKneePoint", Form::Tenths),
    (0x8111, "CameraKneeSlope", Form::Ratio),
    (0x8112, "CameraLuminanceDynamicRange", Form::Tenths),
    (0x8113, "CameraSettingFileURI", Form::Text),
    (0x8114, "CameraAttributes", Form::Text),
    (0x8115, "ExposureIndexOfPhotoMeter", Form::U16),
    (0x8116, "GammaForCDL", Form::Choice(&["same as capture gamma", "scene linear", "S-Log", "Cine-Log"])),
    (0x8117, "ASC_CDL", Form::Cdl),
    (0x8119, "ISOSensitivity32", Form::U32),
    (0x811e, "ISOSensitivityAlternate", Form::U32),
    (0xe000, "UdamSetIdentifier", Form::Label),
];

/// Sony's own, in sets that say so.
const SONY: &[Item] = &[
    (0xe101, "EffectiveMarkerCoverage", Form::Ratio),
    (0xe102, "EffectiveMarkerAspectRatio", Form::Ratio),
    (0xe103, "CameraProcessDiscriminationCode", Form::U16),
    (0xe104, "RotaryShutterMode", Form::U8),
    (0xe105, "RawBlackCodeValue", Form::U16),
    (0xe106, "RawGrayCodeValue", Form::U16),
    (0xe107, "RawWhiteCodeValue", Form::U16),
    (0xe109, "MonitoringDescriptions", Form::Text),
    (0xe10b, "MonitoringBaseCurve", Form::Label),
    (0xe202, "CookeProtocolUserMetadata", Form::Text),
    (0xe203, "CookeProtocolCalibrationType", Form::Choice(&["mm", "in"])),
    (0xe300, "Stabilization", Form::U8),
    (0xe301, "ISOValue", Form::U32),
    (0xe304, "CaptureTimestamp", Form::BcdTime),
];

/// Canon's own, in sets that say so.
const CANON: &[Item] = &[
    (0xe100, "ApertureDisplayMode", Form::Choice(&["T-number", "F-number"])),
    (0xe108, "LensSerialNumber", Form::Text),
    (0xe109, "LensType", Form::Text),
    (0xe10d, "LensZoomActualFocalLength", Form::Hundredths32),
    (0xe115, "FocusPosition", Form::F32),
    (0xe119, "LensMake", Form::Text),
    (0xe11a, "LensFirmwareVersion", Form::Text),
    (0xe11e, "FocalLength", Form::F32),
    (0xe11f, "ImagerDimensionWidth", Form::F32),
    (0xe120, "ImagerDimensionHeight", Form::F32),
    (0xe203, "PixelAspectRatio", Form::Ratio16),
    (0xe204, "ImageSensorPixelEffectiveHeight", Form::U16),
    (0xe205, "ImageSensorPixelEffectiveWidth", Form::U16),
    (0xe206, "EffectiveMarkerAspectRatio", Form::Ratio16),
    (0xe207, "ActiveAreaAspectRatio", Form::Ratio16),
    (0xe209, "SensorReadoutTime", Form::Nanoseconds),
    (0xe20a, "ExposureTime", Form::Nanoseconds),
    (0xe210, "LookFileName", Form::Text),
    (0xe211, "CaptureGammaEquation", Form::Label),
    (0xe212, "ColorPrimaries", Form::Label),
    (0xe227, "TimestampOfFrame", Form::ZonedTime),
    (0xe228, "ModelName", Form::Text),
    (0xe229, "CameraSerialNumber", Form::Text),
    (0xe22a, "CameraFirmware", Form::Text),
    (0xe22b, "AnamorphicSqueezeRatio", Form::Hundredths),
    (0xe231, "ShutterSpeed", Form::Inverse),
];

/// Whose items a set holds beside the common ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Any,
    Sony,
    Canon,
}

impl Maker {
    /// What its items are called by.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "Acquisition",
            Self::Sony => "Sony",
            Self::Canon => "Canon",
        }
    }

    /// The name and form of a tag in a set of this maker, and whose it is.
    pub(super) fn item(self, tag: u16) -> Option<(Self, &'static str, Form)> {
        let of = |maker: Self, items: &[Item]| {
            items.iter().find(|(known, ..)| *known == tag).map(|(_, name, form)| (maker, *name, *form))
        };
        let own = match self {
            Self::Any => None,
            Self::Sony => of(self, SONY),
            Self::Canon => of(self, CANON),
        };
        own.or_else(|| of(Self::Any, COMMON))
    }
}
