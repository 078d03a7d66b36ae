//! The codings of pictures: sample entry, the vendor's name, and what is always so in them.

/// A coding.
pub(super) struct Codec {
    pub(super) format: [u8; 4],
    pub(super) name: &'static str,
    /// What decodes it.
    pub(super) decoder: &'static str,
    pub(super) bits: Option<u32>,
    pub(super) chroma: Option<&'static str>,
}

const fn codec(
    format: &[u8; 4],
    name: &'static str,
    decoder: &'static str,
    bits: Option<u32>,
    chroma: Option<&'static str>,
) -> Codec {
    Codec { format: *format, name, decoder, bits, chroma }
}

const PRORES: &str = "Apple ProRes decoder";
const PRORES_RAW: &str = "Apple ProRes RAW decoder";
const DNX: &str = "Avid DNxHD/DNxHR decoder";
const H264: &str = "H.264 decoder";
const HEVC: &str = "HEVC decoder";
const BRAW: &str = "Blackmagic RAW SDK";
const CANON: &str = "Canon RAW (CRX) decoder";
const S422: Option<&str> = Some("4:2:2");
const S444: Option<&str> = Some("4:4:4");
const S420: Option<&str> = Some("4:2:0");

/// Apple's, Avid's and the makers' registered formats. Bits and chroma of H.264, HEVC and DNx stand in their own boxes.
#[rustfmt::skip]
const CODECS: &[Codec] = &[
    codec(b"ap4x", "Apple ProRes 4444 XQ",  PRORES, Some(12), S444),
    codec(b"ap4h", "Apple ProRes 4444",     PRORES, Some(12), S444),
    codec(b"apch", "Apple ProRes 422 HQ",   PRORES, Some(10), S422),
    codec(b"apcn", "Apple ProRes 422",      PRORES, Some(10), S422),
    codec(b"apcs", "Apple ProRes 422 LT",   PRORES, Some(10), S422),
    codec(b"apco", "Apple ProRes 422 Proxy", PRORES, Some(10), S422),
    codec(b"aprh", "Apple ProRes RAW HQ",   PRORES_RAW, Some(12), None),
    codec(b"aprn", "Apple ProRes RAW",      PRORES_RAW, Some(12), None),
    codec(b"AVdh", "Avid DNxHR", DNX,  None, None),
    codec(b"AVdn", "Avid DNxHD", DNX,  None, None),
    codec(b"avc1", "H.264",      H264, None, None),
    codec(b"avc3", "H.264",      H264, None, None),
    codec(b"ai12", "AVC-Intra 100", H264, Some(10), S422),
    codec(b"ai13", "AVC-Intra 100", H264, Some(10), S422),
    codec(b"ai15", "AVC-Intra 100", H264, Some(10), S422),
    codec(b"ai1p", "AVC-Intra 100", H264, Some(10), S422),
    codec(b"ai1q", "AVC-Intra 100", H264, Some(10), S422),
    codec(b"ai52", "AVC-Intra 50", H264, Some(10), S420),
    codec(b"ai53", "AVC-Intra 50", H264, Some(10), S420),
    codec(b"ai55", "AVC-Intra 50", H264, Some(10), S420),
    codec(b"ai5p", "AVC-Intra 50", H264, Some(10), S420),
    codec(b"ai5q", "AVC-Intra 50", H264, Some(10), S420),
    codec(b"hvc1", "HEVC",       HEVC, None, None),
    codec(b"hev1", "HEVC",       HEVC, None, None),
    codec(b"CFHD", "GoPro CineForm", "GoPro CineForm decoder", None, None),
    codec(b"mjp2", "JPEG 2000",  "JPEG 2000 decoder", None, None),
    codec(b"jpeg", "Motion JPEG", "JPEG decoder", Some(8), None),
    codec(b"mjpa", "Motion JPEG", "JPEG decoder", Some(8), None),
    codec(b"mjpb", "Motion JPEG", "JPEG decoder", Some(8), None),
    codec(b"mp4v", "MPEG-4 Visual", "MPEG-4 Visual decoder", Some(8), S420),
    codec(b"mp2v", "MPEG-2",     "MPEG-2 decoder", Some(8), None),
    codec(b"v210", "uncompressed (v210)", "v210 decoder", Some(10), S422),
    codec(b"2vuy", "uncompressed (2vuy)", "2vuy decoder", Some(8), S422),
    codec(b"r210", "uncompressed (r210)", "r210 decoder", Some(10), None),
    codec(b"av01", "AV1",        "AV1 decoder", None, None),
    codec(b"vp09", "VP9",        "VP9 decoder", None, None),
    codec(b"CRAW", "Canon RAW",  CANON, None, None),
    codec(b"zraw", "Z CAM ZRAW", "Z CAM ZRAW decoder", None, None),
    codec(b"niko", "Nikon N-RAW", "Nikon N-RAW SDK", None, None),
    codec(b"braw", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brxq", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brhq", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brst", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brlt", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brvl", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brvn", "Blackmagic RAW", BRAW, Some(12), None),
    codec(b"brs2", "Blackmagic RAW", BRAW, Some(12), None),
];

/// The coding of a sample entry. Sony's MPEG-2 in QuickTime (XDCAM) has a format for each size and rate.
pub(super) fn of(format: [u8; 4]) -> Option<Codec> {
    let xdcam = |chroma| Some(codec(&format, "XDCAM MPEG-2", "MPEG-2 decoder", Some(8), chroma));
    match (CODECS.iter().find(|c| c.format == format), format) {
        (Some(known), _) => Some(Codec { ..*known }),
        (None, [b'x', b'd', b'v', _]) => xdcam(S420),
        (None, [b'x', b'd', b'5', _]) => xdcam(S422),
        (None, [b'x', b'd', b'h', _]) => xdcam(None),
        (None, _) => None,
    }
}

/// What a compression id of VC-3 says (SMPTE ST 2019-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::camera) struct Dnx {
    /// Avid's name.
    pub(in crate::camera) name: &'static str,
    /// Where the id tells.
    pub(in crate::camera) bits: Option<u32>,
    pub(in crate::camera) chroma: &'static str,
    /// Where the id tells: DNxHR's do not.
    pub(in crate::camera) scan: Option<&'static str>,
}

const PROGRESSIVE: Option<&str> = Some("progressive");
const INTERLACED: Option<&str> = Some("interlaced");

/// The coding that a compression id of VC-3 stands for.
#[rustfmt::skip]
pub(in crate::camera) fn dnx(id: u32) -> Option<Dnx> {
    let (name, bits, chroma, scan) = match id {
        1235 | 1250        => ("Avid DNxHD HQX", Some(10), "4:2:2", PROGRESSIVE),
        1237 | 1252        => ("Avid DNxHD SQ",  Some(8),  "4:2:2", PROGRESSIVE),
        1238 | 1251        => ("Avid DNxHD HQ",  Some(8),  "4:2:2", PROGRESSIVE),
        1241               => ("Avid DNxHD HQX", Some(10), "4:2:2", INTERLACED),
        1242               => ("Avid DNxHD SQ",  Some(8),  "4:2:2", INTERLACED),
        1243               => ("Avid DNxHD HQ",  Some(8),  "4:2:2", INTERLACED),
        1244 | 1260        => ("Avid DNxHD TR",  Some(8),  "4:2:2", INTERLACED),
        1258 | 1259        => ("Avid DNxHD TR",  Some(8),  "4:2:2", PROGRESSIVE),
        1253               => ("Avid DNxHD LB",  Some(8),  "4:2:2", PROGRESSIVE),
        1256               => ("Avid DNxHD 444", Some(10), "4:4:4", PROGRESSIVE),
        1270               => ("Avid DNxHR 444", None,     "4:4:4", None),
        1271               => ("Avid DNxHR HQX", None,     "4:2:2", None),
        1272               => ("Avid DNxHR HQ",  Some(8),  "4:2:2", None),
        1273               => ("Avid DNxHR SQ",  Some(8),  "4:2:2", None),
        1274               => ("Avid DNxHR LB",  Some(8),  "4:2:2", None),
        _ => return None,
    };
    Some(Dnx { name, bits, chroma, scan })
}

/// Profiles of H.264 (ITU-T H.264, Annex A).
pub(super) fn h264_profile(profile: u8, constraints: u8) -> Option<&'static str> {
    let intra = constraints & 0x10 != 0;
    Some(match (profile, intra) {
        (66, _) => "Baseline",
        (77, _) => "Main",
        (88, _) => "Extended",
        (100, _) => "High",
        (110, false) => "High 10",
        (110, true) => "High 10 Intra",
        (122, false) => "High 4:2:2",
        (122, true) => "High 4:2:2 Intra",
        (244, false) => "High 4:4:4 Predictive",
        (244, true) => "High 4:4:4 Intra",
        (44, _) => "CAVLC 4:4:4 Intra",
        _ => return None,
    })
}

/// Profiles of HEVC (ITU-T H.265, Annex A).
pub(super) fn hevc_profile(profile: u8) -> Option<&'static str> {
    Some(match profile {
        1 => "Main",
        2 => "Main 10",
        3 => "Main Still Picture",
        4 => "Range Extensions",
        _ => return None,
    })
}
