//! Files made by hand, from EBU Tech 3285 and the iXML specification.

use proptest::prelude::*;

use super::*;
use crate::source::{Counted, Memory, Sparse};

fn chunk(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut chunk = [id, &u32::try_from(content.len()).unwrap().to_le_bytes(), content].concat();
    if content.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

/// Two channels of 24 bits at 48 kHz.
fn format() -> Vec<u8> {
    let mut format = vec![1, 0, 2, 0];
    format.extend(48_000u32.to_le_bytes());
    format.extend((48_000u32 * 6).to_le_bytes());
    format.extend([6, 0, 24, 0]);
    chunk(b"fmt ", &format)
}

/// Recorded 10 hours, 11 minutes, 12 seconds and half a second after midnight.
fn broadcast() -> Vec<u8> {
    let mut bext = vec![0; 602];
    bext[256..266].copy_from_slice(b"Recorder 1");
    bext[320..330].copy_from_slice(b"2026-11-24");
    bext[330..338].copy_from_slice(b"10:11:12");
    let samples: u64 = ((10 * 60 + 11) * 60 + 12) * 48_000 + 24_000;
    bext[338..346].copy_from_slice(&samples.to_le_bytes());
    chunk(b"bext", &bext)
}

const IXML: &str = "<?xml version=\"1.0\"?><BWFXML><PROJECT>Show</PROJECT><SCENE>12A</SCENE><TAKE>3</TAKE><TAPE>S001</TAPE>\
    <CIRCLED>TRUE</CIRCLED><SPEED><TIMECODE_RATE>24/1</TIMECODE_RATE><TIMECODE_FLAG>NDF</TIMECODE_FLAG></SPEED></BWFXML>";

fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &u32::try_from(body.len() + 4).unwrap().to_le_bytes()[..], b"WAVE", &body].concat()
}

fn inspect(bytes: &[u8]) -> Inspected {
    Wav.inspect(&Memory::new("S001T03.wav", bytes)).unwrap()
}

#[test]
fn a_recorders_take_says_scene_take_and_the_timecode_of_its_first_sample() {
    let file = wav(&[format(), broadcast(), chunk(b"data", &vec![0; 48_000 * 6]), chunk(b"iXML", IXML.as_bytes())]);
    let m = inspect(&file).metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.audio_channels, m.audio_sample_rate_hz, m.audio_bit_depth), (Some(2), Some(48_000), Some(24)));
    assert_eq!((m.scene.as_deref(), m.take.as_deref(), m.circle_take), (Some("12A"), Some("3"), Some(true)));
    assert_eq!((m.reel_name.as_deref(), m.production_name.as_deref()), (Some("S001"), Some("Show")));
    // Half a second is 12 frames of 24.
    assert_eq!((m.start_timecode.as_deref(), m.timecode_rate.as_deref()), (Some("10:11:12:12"), Some("24/1")));
    assert_eq!((m.duration_seconds, m.recorded_at.as_deref()), (Some(1.0), Some("2026-11-24T10:11:12")));
    assert_eq!((m.container.as_deref(), m.audio_codec.as_deref()), (Some("WAV"), Some("PCM")));
}

#[test]
fn without_a_rate_there_is_no_timecode() {
    let m = inspect(&wav(&[format(), broadcast(), chunk(b"data", &[0; 6])])).metadata;
    assert_eq!((m.start_timecode, m.timecode_rate), (None, None));
    assert!(m.recorded_at.is_some());
}

#[test]
fn a_long_file_has_its_length_in_a_chunk_of_its_own_and_takes_few_reads() {
    let len: u64 = 100 << 30;
    let mut ds64 = vec![0; 28];
    let data = (len - 4096 - 1024) / 6 * 6;
    ds64[8..16].copy_from_slice(&data.to_le_bytes());
    let mut head = [b"RF64", &u32::MAX.to_le_bytes()[..], b"WAVE"].concat();
    head.extend([chunk(b"ds64", &ds64), format(), broadcast()].concat());
    head.extend([&b"data"[..], &u32::MAX.to_le_bytes()].concat());
    let after = head.len() as u64 + data;
    let file = Sparse::new("long.wav", len).with(0, head).with(after, chunk(b"iXML", IXML.as_bytes()));
    let counted = Counted::new(file);
    let m = Wav.inspect(&counted).unwrap().metadata;
    assert_eq!((m.container.as_deref(), m.scene.as_deref()), (Some("RF64"), Some("12A")));
    assert!((m.duration_seconds.unwrap() - data as f64 / 6.0 / 48_000.0).abs() < 1e-6);
    assert!(counted.reads() <= 5 && counted.bytes() <= 1 << 20, "{} reads, {} bytes", counted.reads(), counted.bytes());
}

#[test]
fn aiff_says_its_rate_in_eighty_bits() {
    // 44,100 is 1.345825... * 2^15: exponent 16383 + 15, mantissa 44100 << 48.
    let mut common = vec![0, 1, 0, 0, 0xac, 0x44, 0, 16, 0x40, 0x0e];
    common.extend((44_100u64 << 48).to_be_bytes());
    let mut file = [b"FORM", &64u32.to_be_bytes()[..], b"AIFF", b"COMM", &18u32.to_be_bytes()].concat();
    file.extend(common);
    let m = inspect(&file).metadata;
    assert_eq!((m.audio_sample_rate_hz, m.audio_channels, m.audio_bit_depth), (Some(44_100), Some(1), Some(16)));
    assert_eq!((m.container.as_deref(), m.duration_seconds), (Some("AIFF"), Some(1.0)));
}

#[test]
fn sound_that_is_cut_and_notes_that_are_broken_are_told() {
    let mut file = wav(&[format(), chunk(b"data", &[0; 600])]);
    file.truncate(100);
    assert!(inspect(&file).metadata.findings[0].contains("cut short"));
    let m = inspect(&wav(&[format(), chunk(b"iXML", b"<BWFXML><SCENE>1</TAKE>")])).metadata;
    assert!(m.findings[0].starts_with("iXML: "), "{:?}", m.findings);
    assert_eq!(m.audio_channels, Some(2));
}

#[test]
fn notes_keep_their_entities_and_literal_text() {
    let notes = "<BWFXML><PROJECT>Tom &amp; Jerry &#38; Spike</PROJECT><SCENE><![CDATA[12 <A>]]></SCENE><TAKE>3<!-- good --></TAKE>\
        <TAPE>S001</TAPE></BWFXML>";
    let m = inspect(&wav(&[format(), chunk(b"iXML", notes.as_bytes())])).metadata;
    assert_eq!((m.production_name.as_deref(), m.scene.as_deref()), (Some("Tom & Jerry & Spike"), Some("12 <A>")));
    assert_eq!((m.take.as_deref(), m.reel_name.as_deref(), m.findings.len()), (Some("3"), Some("S001"), 0));
    let m = inspect(&wav(&[format(), chunk(b"iXML", b"<BWFXML><SCENE>&evil;</SCENE></BWFXML>")])).metadata;
    assert!(m.findings[0].contains("`&evil;`"), "{:?}", m.findings);
    let broken = chunk(b"iXML", b"<BWFXML><SCENE>1</SCENE></TAKE>");
    let m = inspect(&wav(&[format(), broken, chunk(b"data", &[0; 6 * 480])])).metadata;
    assert_eq!((m.scene.as_deref(), m.duration_seconds, m.findings.len()), (Some("1"), Some(0.01), 1));
}

#[test]
fn notes_in_other_encodings_than_utf_8_are_read_by_their_byte_order_mark() {
    let notes = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><BWFXML><SCENE>12\u{c4}</SCENE></BWFXML>";
    let wide: Vec<u8> = [0xfeff].into_iter().chain(notes.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{notes}").into_bytes();
    for bytes in [wide, marked] {
        let m = inspect(&wav(&[format(), chunk(b"iXML", &bytes)])).metadata;
        assert_eq!((m.scene.as_deref(), m.findings.len()), (Some("12\u{c4}"), 0), "{:?}", m.findings);
    }
}

#[test]
fn aifc_says_how_its_samples_are_coded() {
    for (code, name) in [
        (b"NONE", "PCM"),
        (b"sowt", "PCM"),
        (b"FL32", "PCM float"),
        (b"alaw", "A-law"),
        (b"ulaw", "\u{b5}-law"),
        (b"MAC3", "AIFC MAC3"),
    ] {
        let mut common = vec![0, 1, 0, 0, 0xac, 0x44, 0, 16, 0x40, 0x0e];
        common.extend((44_100u64 << 48).to_be_bytes());
        common.extend(code);
        common.extend([0, 0]);
        let mut file = [b"FORM", &64u32.to_be_bytes()[..], b"AIFC", b"COMM", &24u32.to_be_bytes()].concat();
        file.extend(common);
        assert_eq!(inspect(&file).metadata.audio_codec.as_deref(), Some(name));
    }
}

#[test]
fn a_coding_that_is_no_pcm_has_the_name_that_the_field_gives_it() {
    for (code, name) in [(2u8, "MS ADPCM"), (6, "A-law"), (7, "\u{b5}-law"), (0x11, "IMA ADPCM"), (0x55, "MP3")] {
        let mut format = format();
        format[8] = code;
        assert_eq!(inspect(&wav(&[format])).metadata.audio_codec.as_deref(), Some(name));
    }
}

#[test]
fn blocks_of_a_coding_that_packs_samples_are_not_counted_as_samples() {
    // MS ADPCM: blocks of 1024 bytes, so many samples in each as `fact` says for all.
    let mut format = vec![2, 0, 1, 0];
    format.extend(48_000u32.to_le_bytes());
    format.extend([0; 4]);
    format.extend([0, 4, 4, 0]);
    let fact = chunk(b"fact", &96_000u32.to_le_bytes());
    let m = inspect(&wav(&[chunk(b"fmt ", &format), fact, chunk(b"data", &[0; 4096])])).metadata;
    assert_eq!(m.duration_seconds, Some(2.0));
    let m = inspect(&wav(&[chunk(b"fmt ", &format), chunk(b"data", &[0; 4096])])).metadata;
    assert_eq!(m.duration_seconds, None);
}

#[test]
fn an_extensible_format_says_how_many_of_its_bits_hold_sound() {
    let mut format = vec![0xfe, 0xff, 2, 0];
    format.extend(48_000u32.to_le_bytes());
    format.extend((48_000u32 * 8).to_le_bytes());
    format.extend([8, 0, 32, 0, 22, 0, 24, 0, 3, 0, 0, 0, 1, 0]);
    format.extend([0; 14]);
    let m = inspect(&wav(&[chunk(b"fmt ", &format), chunk(b"data", &[0; 800])])).metadata;
    assert_eq!((m.audio_bit_depth, m.audio_codec.as_deref()), (Some(24), Some("PCM")));
}

#[test]
fn a_take_whose_length_was_never_written_is_told_as_such() {
    let mut file = wav(&[format()]);
    file.extend([&b"data"[..], &u32::MAX.to_le_bytes(), &[0; 600]].concat());
    let m = inspect(&file).metadata;
    assert_eq!(m.findings, ["the length of the sound was never written: the recording was not closed"]);
    assert_eq!(m.duration_seconds, Some(100.0 / 48_000.0));
}

/// `bext` with this description, and this many samples after midnight.
fn described(description: &str, samples: u64) -> Vec<u8> {
    let mut bext = vec![0; 602];
    bext[..description.len()].copy_from_slice(description.as_bytes());
    bext[338..346].copy_from_slice(&samples.to_le_bytes());
    chunk(b"bext", &bext)
}

fn at_rate(rate: &str, flag: &str) -> Vec<u8> {
    let notes = format!(
        "<BWFXML><SPEED><TIMECODE_RATE>{rate}</TIMECODE_RATE><TIMECODE_FLAG>{flag}</TIMECODE_FLAG></SPEED></BWFXML>"
    );
    chunk(b"iXML", notes.as_bytes())
}

#[test]
fn the_sample_of_a_frame_is_meant_whether_the_recorder_rounded_it_up_or_down() {
    // Frame 1 of 30000/1001 begins at sample 1601.6.
    for (samples, rate, flag, expected) in [
        (1601, "30000/1001", "NDF", "00:00:00:01"),
        (1602, "30000/1001", "NDF", "00:00:00:01"),
        (2001, "24000/1001", "NDF", "00:00:00:01"),
        (2002, "24000/1001", "NDF", "00:00:00:01"),
        // 17982 frames of 30000/1001 are ten minutes of drop frame: sample 28,799,971.2.
        (28_799_971, "30000/1001", "DF", "00:10:00;00"),
        (3839, "25/1", "NDF", "00:00:00:02"),
        // A flag that no rate of 24 has.
        (48_000, "24/1", "DF", "00:00:01:00"),
    ] {
        let m = inspect(&wav(&[format(), described("", samples), at_rate(rate, flag)])).metadata;
        assert_eq!(m.start_timecode.as_deref(), Some(expected), "{samples} at {rate} {flag}");
    }
}

#[test]
fn lines_of_the_description_are_read_where_there_are_no_notes() {
    for maker in ["s", "z", ""] {
        let lines = ["SPEED=029.970-DF", "TAKE=3", "SCENE=12A", "TAPE=S001", "CIRCLED=TRUE", "NOTE=a=b"];
        let lines = lines.map(|line| format!("{maker}{line}\r\n")).concat();
        let file = wav(&[format(), described(&lines, 28_799_971)]);
        let Inspected { metadata: m, tags, .. } = inspect(&file);
        assert_eq!((m.scene.as_deref(), m.take.as_deref(), m.circle_take), (Some("12A"), Some("3"), Some(true)));
        assert_eq!((m.reel_name.as_deref(), m.timecode_rate.as_deref()), (Some("S001"), Some("30000/1001")));
        assert_eq!((m.start_timecode.as_deref(), tags["bext NOTE"].as_str()), (Some("00:10:00;00"), Some("a=b")));
    }
    // Notes are closer.
    let m = inspect(&wav(&[format(), described("sSCENE=1\rsTAKE=9", 0), chunk(b"iXML", IXML.as_bytes())])).metadata;
    assert_eq!((m.scene.as_deref(), m.take.as_deref()), (Some("12A"), Some("3")));
}

#[test]
fn the_umid_of_a_file_is_its_id() {
    let mut bext = vec![0; 602];
    bext[346] = 1;
    bext[348..352].copy_from_slice(&[0x06, 0x0a, 0x2b, 0x34]);
    bext[379] = 0xfe;
    let m = inspect(&wav(&[format(), chunk(b"bext", &bext)])).metadata;
    assert_eq!(m.clip_uuid, Some(format!("060A2B34{}FE", "00".repeat(27))));
    bext[346] = 0;
    assert_eq!(inspect(&wav(&[format(), chunk(b"bext", &bext)])).metadata.clip_uuid, None);
}

#[test]
fn every_track_has_its_name_among_the_tags() {
    let notes =
        "<BWFXML><TRACK_LIST><TRACK><NAME>Boom</NAME></TRACK><TRACK><NAME>Anna</NAME></TRACK></TRACK_LIST></BWFXML>";
    let tags = inspect(&wav(&[format(), chunk(b"iXML", notes.as_bytes())])).tags;
    assert_eq!(tags["iXML/TRACK_LIST/TRACK/NAME"], "Boom");
    assert_eq!(tags["iXML/TRACK_LIST/TRACK/NAME 2"], "Anna");
}

#[test]
fn notes_count_samples_by_a_clock_of_their_own_where_nothing_else_does() {
    let notes = "<BWFXML><SPEED><TIMECODE_RATE>24000/1001</TIMECODE_RATE><TIMESTAMP_SAMPLE_RATE>96000</TIMESTAMP_SAMPLE_RATE>\
        <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>1</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>\
        <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>24512704</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED></BWFXML>";
    let m = inspect(&wav(&[format(), chunk(b"iXML", notes.as_bytes())])).metadata;
    // 2^32 + 24,512,704 samples at 96 kHz are 1,078,791.2 frames of 24000/1001: 44,949 seconds of 24 labels, and 15.
    assert_eq!(m.start_timecode.as_deref(), Some("12:29:09:15"));
}

#[test]
fn what_writers_leave_around_chunks_is_passed_over() {
    // An odd chunk whose padding was forgotten, texts, zeros behind the last chunk.
    let odd = [&b"JUNK"[..], &3u32.to_le_bytes(), b"abc"].concat();
    let info = [&b"INFO"[..], &chunk(b"ISFT", b"Mixer 2"), &chunk(b"ICRD", b"2005-08-08"), &chunk(b"ICMT", b"windy\0")]
        .concat();
    let mut file = wav(&[odd, format(), chunk(b"LIST", &info), chunk(b"data", &[0; 600]), vec![0; 4096]]);
    let Inspected { metadata: m, tags, .. } = inspect(&file);
    assert_eq!((m.findings.len(), m.audio_channels, m.duration_seconds), (0, Some(2), Some(100.0 / 48_000.0)));
    assert_eq!((tags["INFO ISFT"].as_str(), tags["INFO ICMT"].as_str()), (Some("Mixer 2"), Some("windy")));
    assert_eq!(m.shoot_day.as_deref(), Some("2005-08-08"));
    // A length of nothing before sound.
    file = wav(&[format(), chunk(b"data", &[])]);
    file.extend([0x80; 600]);
    assert_eq!(inspect(&file).metadata.findings.len(), 1);
    assert_eq!(inspect(&wav(&[format(), chunk(b"data", &[])])).metadata.findings, [""; 0]);
}

#[test]
fn the_two_forms_for_long_files_have_their_own_names() {
    for (magic, name) in [(b"RF64", "RF64"), (b"BW64", "BW64")] {
        let mut ds64 = vec![0; 28];
        ds64[8..16].copy_from_slice(&600u64.to_le_bytes());
        let chna = chunk(b"chna", &[2, 0, 2, 0]);
        let data = [&b"data"[..], &u32::MAX.to_le_bytes(), &[0; 600]].concat();
        let body = [chunk(b"ds64", &ds64), format(), chna, data].concat();
        let m = inspect(&[&magic[..], &u32::MAX.to_le_bytes(), b"WAVE", &body].concat()).metadata;
        assert_eq!((m.container.as_deref(), m.duration_seconds), (Some(name), Some(100.0 / 48_000.0)));
    }
}

proptest! {
    #[test]
    fn no_file_panics(at in 12usize..900, byte in any::<u8>(), cut in 0usize..1400) {
        let mut file = wav(&[format(), broadcast(), chunk(b"iXML", IXML.as_bytes())]);
        if let Some(place) = file.get_mut(at) {
            *place = byte;
        }
        file.truncate(cut);
        let _ = Wav.inspect(&Memory::new("a.wav", file));
    }
}
