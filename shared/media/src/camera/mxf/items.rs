//! Names of the sets and properties of SMPTE ST 377-1 and its descriptors, and how properties are read.

use serde_json::{Value, json};

use super::{
    klv::{label_at, u16_at, u32_at},
    sets::{Set, Sets, utf16},
};
use crate::camera::{
    labels::{dotted, hex},
    said::Said,
};

/// Longest value that `--raw` shows byte by byte.
const MAX_HEX: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Form {
    Whole,
    Signed,
    Ratio,
    Text,
    /// 8-bit text.
    Latin,
    Label,
    Labels,
    Numbers,
    Time,
    Version,
    Layout,
    Bytes,
    /// Strong references: the graph itself.
    Reference,
}

/// Class -> name (ST 377-1 annex and the standards of the essence).
const CLASSES: &[(u8, &str)] = &[
    (0x0f, "Sequence"),
    (0x11, "SourceClip"),
    (0x14, "TimecodeComponent"),
    (0x18, "ContentStorage"),
    (0x23, "EssenceContainerData"),
    (0x27, "GenericPictureDescriptor"),
    (0x28, "CDCIDescriptor"),
    (0x29, "RGBADescriptor"),
    (0x2e, "TapeDescriptor"),
    (0x2f, "Preface"),
    (0x30, "Identification"),
    (0x32, "NetworkLocator"),
    (0x33, "TextLocator"),
    (0x36, "MaterialPackage"),
    (0x37, "SourcePackage"),
    (0x39, "EventTrack"),
    (0x3a, "StaticTrack"),
    (0x3b, "Track"),
    (0x3f, "TaggedValue"),
    (0x41, "DMSegment"),
    (0x42, "GenericSoundDescriptor"),
    (0x43, "GenericDataDescriptor"),
    (0x44, "MultipleDescriptor"),
    (0x47, "AES3Descriptor"),
    (0x48, "WaveDescriptor"),
    (0x51, "MPEG2VideoDescriptor"),
    (0x5a, "JPEG2000SubDescriptor"),
    (0x5b, "VBIDescriptor"),
    (0x5c, "ANCDescriptor"),
    (0x67, "ContainerConstraintsSubDescriptor"),
    (0x6e, "AVCSubDescriptor"),
    (0x79, "ACESPictureSubDescriptor"),
    (0x7a, "TargetFrameSubDescriptor"),
];

/// Static local tags: tag, name, form.
const ITEMS: &[(u16, &str, Form)] = &[
    (0x0201, "DataDefinition", Form::Label),
    (0x0202, "Duration", Form::Signed),
    (0x1001, "StructuralComponents", Form::Reference),
    (0x1101, "SourcePackageID", Form::Bytes),
    (0x1102, "SourceTrackID", Form::Whole),
    (0x1201, "StartPosition", Form::Signed),
    (0x1501, "StartTimecode", Form::Signed),
    (0x1502, "RoundedTimecodeBase", Form::Whole),
    (0x1503, "DropFrame", Form::Whole),
    (0x1901, "Packages", Form::Reference),
    (0x1902, "EssenceContainerData", Form::Reference),
    (0x2701, "LinkedPackageUID", Form::Bytes),
    (0x2f01, "Locators", Form::Reference),
    (0x3001, "SampleRate", Form::Ratio),
    (0x3002, "ContainerDuration", Form::Signed),
    (0x3004, "EssenceContainer", Form::Label),
    (0x3005, "Codec", Form::Label),
    (0x3006, "LinkedTrackID", Form::Whole),
    (0x3201, "PictureEssenceCoding", Form::Label),
    (0x3202, "StoredHeight", Form::Whole),
    (0x3203, "StoredWidth", Form::Whole),
    (0x3204, "SampledHeight", Form::Whole),
    (0x3205, "SampledWidth", Form::Whole),
    (0x3206, "SampledXOffset", Form::Signed),
    (0x3207, "SampledYOffset", Form::Signed),
    (0x3208, "DisplayHeight", Form::Whole),
    (0x3209, "DisplayWidth", Form::Whole),
    (0x320a, "DisplayXOffset", Form::Signed),
    (0x320b, "DisplayYOffset", Form::Signed),
    (0x320c, "FrameLayout", Form::Whole),
    (0x320d, "VideoLineMap", Form::Numbers),
    (0x320e, "AspectRatio", Form::Ratio),
    (0x320f, "AlphaTransparency", Form::Whole),
    (0x3210, "TransferCharacteristic", Form::Label),
    (0x3211, "ImageAlignmentOffset", Form::Whole),
    (0x3212, "FieldDominance", Form::Whole),
    (0x3213, "ImageStartOffset", Form::Whole),
    (0x3214, "ImageEndOffset", Form::Whole),
    (0x3215, "SignalStandard", Form::Whole),
    (0x3216, "StoredF2Offset", Form::Signed),
    (0x3217, "DisplayF2Offset", Form::Signed),
    (0x3218, "ActiveFormatDescriptor", Form::Whole),
    (0x3219, "ColorPrimaries", Form::Label),
    (0x321a, "CodingEquations", Form::Label),
    (0x3301, "ComponentDepth", Form::Whole),
    (0x3302, "HorizontalSubsampling", Form::Whole),
    (0x3303, "ColorSiting", Form::Whole),
    (0x3304, "BlackRefLevel", Form::Whole),
    (0x3305, "WhiteRefLevel", Form::Whole),
    (0x3306, "ColorRange", Form::Whole),
    (0x3307, "PaddingBits", Form::Signed),
    (0x3308, "VerticalSubsampling", Form::Whole),
    (0x3309, "AlphaSampleDepth", Form::Whole),
    (0x3401, "PixelLayout", Form::Layout),
    (0x3405, "ScanningDirection", Form::Whole),
    (0x3406, "ComponentMaxRef", Form::Whole),
    (0x3407, "ComponentMinRef", Form::Whole),
    (0x3b02, "LastModifiedDate", Form::Time),
    (0x3b03, "ContentStorageReference", Form::Reference),
    (0x3b05, "Version", Form::Whole),
    (0x3b06, "Identifications", Form::Reference),
    (0x3b07, "ObjectModelVersion", Form::Whole),
    (0x3b08, "PrimaryPackage", Form::Reference),
    (0x3b09, "OperationalPattern", Form::Label),
    (0x3b0a, "EssenceContainers", Form::Labels),
    (0x3b0b, "DMSchemes", Form::Labels),
    (0x3c01, "CompanyName", Form::Text),
    (0x3c02, "ProductName", Form::Text),
    (0x3c03, "ProductVersion", Form::Version),
    (0x3c04, "VersionString", Form::Text),
    (0x3c05, "ProductUID", Form::Bytes),
    (0x3c06, "ModificationDate", Form::Time),
    (0x3c07, "ToolkitVersion", Form::Version),
    (0x3c08, "Platform", Form::Text),
    (0x3c09, "ThisGenerationUID", Form::Reference),
    (0x3c0a, "InstanceUID", Form::Reference),
    (0x3d01, "QuantizationBits", Form::Whole),
    (0x3d02, "Locked", Form::Whole),
    (0x3d03, "AudioSamplingRate", Form::Ratio),
    (0x3d04, "AudioRefLevel", Form::Signed),
    (0x3d06, "SoundEssenceCoding", Form::Label),
    (0x3d07, "ChannelCount", Form::Whole),
    (0x3d09, "AvgBps", Form::Whole),
    (0x3d0a, "BlockAlign", Form::Whole),
    (0x3f01, "SubDescriptors", Form::Reference),
    (0x3f06, "IndexSID", Form::Whole),
    (0x3f07, "BodySID", Form::Whole),
    (0x4001, "URL", Form::Text),
    (0x4101, "LocatorName", Form::Text),
    (0x4401, "PackageUID", Form::Bytes),
    (0x4402, "Name", Form::Text),
    (0x4403, "Tracks", Form::Reference),
    (0x4404, "PackageModifiedDate", Form::Time),
    (0x4405, "PackageCreationDate", Form::Time),
    (0x4406, "UserComments", Form::Reference),
    (0x4701, "Descriptor", Form::Reference),
    (0x4801, "TrackID", Form::Whole),
    (0x4802, "TrackName", Form::Text),
    (0x4803, "Segment", Form::Reference),
    (0x4804, "EssenceTrackNumber", Form::Bytes),
    (0x4b01, "EditRate", Form::Ratio),
    (0x4b02, "Origin", Form::Signed),
    (0x5001, "Name", Form::Text),
    (0x5003, "Value", Form::Bytes),
];

/// Properties of descriptors that have no static tag: bytes 8 to 15 of their label, name, form.
const BY_LABEL: &[([u8; 8], &str, Form)] = &[
    ([4, 1, 6, 3, 1, 0, 0, 0], "Rsize", Form::Whole),
    ([4, 1, 6, 3, 2, 0, 0, 0], "Xsize", Form::Whole),
    ([4, 1, 6, 3, 3, 0, 0, 0], "Ysize", Form::Whole),
    ([4, 1, 6, 3, 0x0a, 0, 0, 0], "Csize", Form::Whole),
    ([4, 1, 6, 2, 1, 0x0b, 0, 0], "BitRate", Form::Whole),
    ([4, 1, 6, 2, 1, 0x0a, 0, 0], "ProfileAndLevel", Form::Whole),
    ([4, 1, 6, 6, 1, 0x0a, 0, 0], "AVCProfile", Form::Whole),
    ([4, 1, 6, 6, 1, 0x0d, 0, 0], "AVCLevel", Form::Whole),
    ([4, 1, 6, 0x0a, 1, 0, 0, 0], "ACESAuthoringInformation", Form::Text),
    ([4, 1, 6, 0x0a, 7, 0, 0, 0], "ACESCameraLabel", Form::Latin),
];

/// The name of a set: `CDCIDescriptor`, or its key.
pub(super) fn name_of(set: &Set<'_>) -> String {
    let known = set.class().and_then(|class| CLASSES.iter().find(|(known, _)| *known == class));
    known.map_or_else(|| dotted(set.key), |(_, name)| (*name).to_owned())
}

/// Notes all properties of all sets, but references, for `--raw`: `Track 2 TrackName`.
pub(super) fn note_all(sets: &Sets, said: &mut Said) {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for set in sets.iter() {
        let name = name_of(&set);
        let number = seen.entry(name.clone()).or_insert(0);
        *number += 1;
        let prefix = if *number == 1 { name } else { format!("{name} {number}") };
        note(sets, &set, &prefix, said);
    }
}

/// Notes the properties of a set, but references, as `prefix name`.
pub(super) fn note(sets: &Sets, set: &Set<'_>, prefix: &str, said: &mut Said) {
    for (tag, value) in set.items() {
        let known = ITEMS.iter().find(|(known, ..)| *known == tag).map(|(_, name, form)| (*name, *form));
        let property = sets.property(tag);
        let by_label = || {
            let rest = property?.get(8..)?;
            BY_LABEL.iter().find(|(known, ..)| known == rest).map(|(_, name, form)| (*name, *form))
        };
        match (known.or_else(by_label), property) {
            (Some((_, Form::Reference)), _) => {}
            (Some((name, form)), _) => {
                if let Some(value) = form.read(value) {
                    said.tag(format!("{prefix} {name}"), value);
                }
            }
            (None, Some(label)) => said.tag(format!("{prefix} {}", dotted(label)), bytes(value)),
            (None, None) => said.tag(format!("{prefix} 0x{tag:04x}"), bytes(value)),
        }
    }
}

impl Form {
    fn read(self, value: &[u8]) -> Option<Value> {
        match self {
            Self::Whole => (1..=8).contains(&value.len()).then(|| json!(unsigned(value))),
            Self::Signed => match value.len() {
                1..=8 => {
                    let shift = 64 - 8 * value.len() as u32;
                    Some(json!((unsigned(value) << shift) as i64 >> shift))
                }
                _ => None,
            },
            Self::Ratio => Some(json!(format!("{}/{}", u32_at(value, 0)?, u32_at(value, 4)?))),
            Self::Text => Some(utf16(value)).filter(|text| !text.is_empty()).map(Value::from),
            Self::Latin => {
                let text: String = value.iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
                (!text.is_empty()).then(|| json!(text))
            }
            Self::Label => label_at(value, 0).map(|label| json!(dotted(&label))),
            Self::Labels => {
                let labels = value.get(8..)?.chunks_exact(16).filter_map(|label| label_at(label, 0)).take(64);
                Some(labels.map(|label| dotted(&label)).collect::<Vec<_>>().into())
            }
            Self::Numbers => {
                let numbers = value.get(8..)?.chunks_exact(4).filter_map(|number| u32_at(number, 0)).take(64);
                Some(numbers.collect::<Vec<_>>().into())
            }
            Self::Time => time(value).map(Value::from),
            Self::Version => {
                let parts: Option<Vec<String>> = (0..4).map(|i| u16_at(value, 2 * i).map(|n| n.to_string())).collect();
                parts.map(|parts| json!(parts.join(".")))
            }
            Self::Layout => {
                let pairs = value.chunks_exact(2).take_while(|pair| pair[0] != 0).take(8);
                let named = pairs.map(|pair| [char::from(pair[0]).to_string(), pair[1].to_string()].concat());
                Some(json!(named.collect::<String>()))
            }
            Self::Bytes => Some(bytes(value)),
            Self::Reference => None,
        }
    }
}

fn unsigned(value: &[u8]) -> u64 {
    value.iter().fold(0, |sum, b| sum << 8 | u64::from(*b))
}

/// Date and time of ST 377-1: year u16, month, day, hour, minute, second, quarter milliseconds / 4. Zeros say unknown.
pub(super) fn time(value: &[u8]) -> Option<String> {
    let (year, [month, day, hour, minute, second]) = (u16_at(value, 0)?, *value.get(2..)?.first_chunk::<5>()?);
    let exists = year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    (exists && hour < 24 && minute < 60 && second < 61)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

fn bytes(value: &[u8]) -> Value {
    json!(if value.len() <= MAX_HEX { hex(value) } else { format!("{} bytes", value.len()) })
}
