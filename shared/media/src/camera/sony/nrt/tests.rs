use proptest::prelude::*;

use crate::camera::sony::sidecar;

/// As a camera that records XAVC in MXF writes it.
const XAVC: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20" lastUpdate="2024-05-06T07:08:09+02:00">
  <Duration value="100"/>
  <LtcChangeTable tcFps="30" halfStep="true">
    <LtcChange frameCount="0" value="4094&#53;810" status="increment"/>
    <LtcChange frameCount="99" value="00000000" status="end"/>
  </LtcChangeTable>
  <VideoFormat><VideoFrame videoCodec="AVC_3840_2160_H422IP@L52_CBG" captureFps="119.88p" formatFps="59.94p"/></VideoFormat>
  <Device manufacturer="SONY" modelName="ILME-FX9" serialNo="0012345"/>
  <AcquisitionRecord><Group name="CameraUnitMetadataSet">
    <Item name="CaptureGammaEquation" value="s-log3-cine"/>
    <Item name="ShutterSpeedTime" value="1/120"/>
    <Item name="NeutralDensityFilterWheelSetting" value="1/16"/>
  </Group></AcquisitionRecord>
  <RelevantFiles><RelevantFile file="A001C001T01.JPG"/><RelevantFile file="A001C001R01.BIM"/></RelevantFiles>
</NonRealTimeMeta>"#;

#[test]
fn timecode_at_high_rates_counts_pairs_and_drops_labels() {
    let read = sidecar(XAVC).unwrap();
    let m = &read.metadata;
    assert_eq!(m.findings, [""; 0]);
    // 0x40: drop, frame 0 of the pair count; 0x94: the second of a pair, 14 s; 0x58 min; 0x10 h.
    assert_eq!((m.start_timecode.as_deref(), m.timecode_rate.as_deref()), (Some("10:58:14;01"), Some("60000/1001")));
    assert_eq!((m.frame_rate.as_deref(), m.sensor_frame_rate.as_deref()), (Some("60000/1001"), Some("120000/1001")));
    assert_eq!((m.codec.as_deref(), m.decoder_needed.as_deref()), (Some("XAVC"), Some("H.264 decoder")));
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Sony"), Some("ILME-FX9")));
    assert_eq!((m.color_encoding.as_deref(), m.color_primaries.as_deref()), (Some("S-Log3"), Some("S-Gamut3.Cine")));
    assert_eq!(
        (m.exposure_time_seconds, m.nd_stops, m.scan.as_deref()),
        (Some(1.0 / 120.0), Some(4.0), Some("progressive"))
    );
    let files = serde_json::json!(["A001C001T01.JPG", "A001C001R01.BIM"]);
    assert_eq!(read.tags["NonRealTimeMeta/RelevantFiles"], files);
}

#[test]
fn fields_are_half_the_frames() {
    let read = sidecar(&XAVC.replace("59.94p", "59.94i").replace(" halfStep=\"true\"", "")).unwrap().metadata;
    assert_eq!((read.frame_rate.as_deref(), read.scan.as_deref()), (Some("30000/1001"), Some("interlaced")));
    assert_eq!(
        (read.start_timecode.as_deref(), read.timecode_rate.as_deref()),
        (Some("10:58:14;00"), Some("30000/1001"))
    );
}

#[test]
fn other_documents_and_broken_ones_are_refused_with_the_reason() {
    let nested = "<NonRealTimeMeta>".to_owned() + &"<a>".repeat(20);
    for (text, problem) in [
        ("<manifest/>", "the XML is `manifest`, not one NonRealTimeMeta"),
        ("", "there is no NonRealTimeMeta in the XML"),
        ("<NonRealTimeMeta><a>", "NonRealTimeMeta ends in the middle"),
        ("<NonRealTimeMeta/><NonRealTimeMeta/>", "the XML is `NonRealTimeMeta`, not one NonRealTimeMeta"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><NonRealTimeMeta/>", "NonRealTimeMeta has a DOCTYPE, which is refused"),
        (&nested, "NonRealTimeMeta has more than 20000 elements, or nests more than 16"),
    ] {
        assert_eq!(sidecar(text).unwrap_err().to_string(), problem);
    }
    let error = sidecar("<NonRealTimeMeta><a b='&other;'/></NonRealTimeMeta>").unwrap_err().to_string();
    assert!(error.starts_with("NonRealTimeMeta is not XML: "), "{error}");
}

#[test]
fn a_timecode_that_does_not_exist_is_a_finding() {
    let read = sidecar(&XAVC.replace("4094&#53;810", "00007616")).unwrap().metadata;
    assert_eq!(read.start_timecode, None);
    assert_eq!(
        read.findings,
        ["NonRealTimeMeta/LtcChangeTable/LtcChange@value: timecode 16:76:00:00 does not exist at 60 frames a second"]
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", at in 0usize..2000, piece in "[<>/=\"'& a-zA-Z0-9]{0,20}") {
        let _ = sidecar(&text);
        let at = (0..=at.min(XAVC.len())).rev().find(|at| XAVC.is_char_boundary(*at)).unwrap_or(0);
        let _ = sidecar(&format!("{}{piece}{}", &XAVC[..at], &XAVC[at..]));
        let _ = sidecar(&XAVC[..at]);
    }
}
