#[test]
fn all_frames() {
    for f in ["main_to_backend", "networkplugin_out"] {
        for line in std::fs::read_to_string(format!("tests/vectors/{f}.jsonl")).unwrap().lines() {
            let v: serde_json::Value = serde_json::from_str(line).unwrap();
            let frames: Vec<&str> = if let Some(h) = v["hex"].as_str() {
                vec![h]
            } else {
                v["frames"].as_array().map(|a| a.iter().filter_map(|x| x["hex"].as_str()).collect()).unwrap_or_default()
            };
            for hex in frames {
                let bytes: Vec<u8> =
                    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
                match spectrum2::Payload::decode(&bytes[4..]) {
                    Err(e) => println!("{e} {v}"),
                    Ok(p) => {
                        println!("{p:?}");
                        let mut out = Vec::new();
                        let n = spectrum2::frame::encode_to_vec(&p, &mut out).unwrap();
                        assert_eq!(n, out.len());
                        assert_eq!(out, bytes, "{p:?}");
                    }
                }
            }
        }
    }
}
