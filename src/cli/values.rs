//! Numbers as people type them, refused with a reason.
//!
//! Use as `#[arg(value_parser = values::positive, allow_negative_numbers = true)]`, so that `-1`
//! arrives here and is not taken for an option; lists need `allow_hyphen_values = true` instead.
//! clap's own parser of `f64` would accept NaN and infinity.

use std::str::FromStr;

/// Most of anything that can be counted.
const MAX_COUNT: usize = 1_000_000_000;
const MAX_THREADS: usize = 1024;

/// A list of times.
#[derive(Debug, Clone, PartialEq)]
pub struct Times(pub Vec<f64>);

/// A list of whole numbers from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(pub Vec<usize>);

/// A number that is neither NaN nor infinite.
pub fn finite(text: &str) -> Result<f64, String> {
    let value = f64::from_str(text.trim()).map_err(|_| not_a_number(text))?;
    if value.is_finite() { Ok(value) } else { Err("must be a finite number".into()) }
}

/// A number above zero.
pub fn positive(text: &str) -> Result<f64, String> {
    let value = finite(text)?;
    if value > 0.0 { Ok(value) } else { Err("must be positive".into()) }
}

/// Zero or a number above.
pub fn not_negative(text: &str) -> Result<f64, String> {
    let value = finite(text)?;
    // Adding zero turns -0 into 0, which would show in file names and tables.
    if value >= 0.0 { Ok(value + 0.0) } else { Err("must be zero or positive".into()) }
}

/// A whole number from one.
pub fn count(text: &str) -> Result<usize, String> {
    whole(text, 1, MAX_COUNT)
}

/// Whole numbers from one, separated by commas.
pub fn counts(text: &str) -> Result<Counts, String> {
    let part = |(i, part): (usize, &str)| {
        count(part).map_err(|why| format!("number {} ({part:?}) {why}", i + 1))
    };
    text.split(',').enumerate().map(part).collect::<Result<_, _>>().map(Counts)
}

/// A number of threads; zero for all.
pub fn threads(text: &str) -> Result<usize, String> {
    whole(text, 0, MAX_THREADS)
}

/// A seed of randomness.
pub fn seed(text: &str) -> Result<u64, String> {
    let allowed = || format!("must be a whole number from 0 to {}", u64::MAX);
    text.trim().parse().map_err(|_| allowed())
}

/// Finite times, not negative, each later than the one before, separated by commas.
pub fn times(text: &str) -> Result<Times, String> {
    let mut times = Vec::new();
    for (i, part) in text.split(',').enumerate() {
        let number = i + 1;
        let time = not_negative(part).map_err(|why| format!("time {number} ({part:?}): {why}"))?;
        if let Some(before) = times.last().filter(|before| time <= **before) {
            return Err(format!("times must increase, but time {number} is {time} after {before}"));
        }
        times.push(time);
    }
    Ok(Times(times))
}

/// Name and value, as in `a0=1e-4`.
pub fn setting(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=NUMBER, such as a0=1e-4")?;
    let value = finite(value).map_err(|why| format!("{}: {why}", name.trim()))?;
    Ok((name.trim().to_owned(), value))
}

/// A parameter and the range it runs through.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    pub name: String,
    pub low: f64,
    pub high: f64,
}

/// Name and range, as in `alpha=0.1..10`.
pub fn range(text: &str) -> Result<Range, String> {
    let form = "must be NAME=FROM..TO, such as alpha=0.1..10";
    let (name, ends) = text.split_once('=').ok_or(form)?;
    let (low, high) = ends.split_once("..").ok_or(form)?;
    let end = |text: &str| finite(text).map_err(|why| format!("{}: {why}", name.trim()));
    let (low, high) = (end(low)?, end(high)?);
    if low >= high {
        return Err(format!("{}: {low} is not below {high}", name.trim()));
    }
    Ok(Range { name: name.trim().to_owned(), low, high })
}

/// Size and number of simulated systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulationSize {
    pub size: usize,
    pub runs: usize,
}

/// Size and runs, as in `N=400,seeds=20`; 20 runs if only the size is given.
pub fn simulation(text: &str) -> Result<SimulationSize, String> {
    let form = "must be N=SIZE,seeds=RUNS, such as N=400,seeds=20";
    let (mut size, mut runs) = (None, 20);
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or(form)?;
        let value = count(value).map_err(|why| format!("{}: {why}", name.trim()))?;
        match name.trim() {
            "N" | "n" => size = Some(value),
            "seeds" => runs = value,
            _ => return Err(form.into()),
        }
    }
    if runs < 2 {
        return Err("seeds: at least 2, because the mean is judged by its standard error".into());
    }
    Ok(SimulationSize { size: size.ok_or(form)?, runs })
}

/// How alike two teachers are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    pub features: f64,
    pub readouts: f64,
}

/// Similarity of features and readouts, as in `V=0.5,readout=1`; readouts are alike unless given.
pub fn similarity(text: &str) -> Result<Similarity, String> {
    let form = "must be V=SIMILARITY or V=SIMILARITY,readout=SIMILARITY, such as V=0.5";
    let (mut features, mut readouts) = (None, 1.0);
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or(form)?;
        let value = finite(value).map_err(|why| format!("{}: {why}", name.trim()))?;
        if !(-1.0..=1.0).contains(&value) {
            return Err(format!("{}: must be from -1 to 1", name.trim()));
        }
        match name.trim() {
            "V" | "v" => features = Some(value),
            "readout" => readouts = value,
            _ => return Err(form.into()),
        }
    }
    Ok(Similarity { features: features.ok_or(form)?, readouts })
}

/// A share of a whole.
pub fn share(text: &str) -> Result<f64, String> {
    let value = not_negative(text)?;
    if value <= 1.0 { Ok(value) } else { Err("must be from 0 to 1".into()) }
}

/// A number of points of a curve.
pub fn points(text: &str) -> Result<usize, String> {
    whole(text, 2, 100_000)
}

fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let value = text.trim().parse::<usize>().ok().filter(|n| (least..=most).contains(n));
    value.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

fn not_a_number(text: &str) -> String {
    if text.trim().is_empty() {
        return "must be a number, but it is empty".into();
    }
    match text.split_once(',') {
        Some(_) => "must be one number with a decimal point, not a comma".into(),
        None => "must be a number, such as 0.01 or 1e-4".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_are_numbers() {
        assert_eq!(finite("-1e-4"), Ok(-1e-4));
        for infinite in ["nan", "inf", "-inf", "infinity", "1e999", "-1e999"] {
            assert_eq!(finite(infinite).unwrap_err(), "must be a finite number", "{infinite}");
        }
        for nothing in ["", " ", "one", "1,5", "0x10", "1e", "--2"] {
            assert!(finite(nothing).unwrap_err().contains("must be"), "{nothing}");
        }
    }

    #[test]
    fn signs_are_checked() {
        assert_eq!((positive("1e-300"), not_negative("0")), (Ok(1e-300), Ok(0.0)));
        for bad in ["0", "-0", "-1", "1e-400"] {
            assert_eq!(positive(bad).unwrap_err(), "must be positive", "{bad}");
        }
        assert_eq!(not_negative("-1e-9").unwrap_err(), "must be zero or positive");
        assert!(not_negative("-0").unwrap().is_sign_positive());
    }

    #[test]
    fn counts_are_whole_and_of_a_size_that_can_be_meant() {
        assert_eq!(
            (count("1"), threads("0"), seed("18446744073709551615")),
            (Ok(1), Ok(0), Ok(u64::MAX))
        );
        for bad in ["0", "-2", "1.5", "1e3", "", "99999999999999999999", "1000000001"] {
            let allowed = "must be a whole number from 1 to 1000000000";
            assert_eq!(count(bad).unwrap_err(), allowed, "{bad}");
        }
        assert_eq!(counts("3, 2,4"), Ok(Counts(vec![3, 2, 4])));
        assert!(counts("3,,4").unwrap_err().starts_with("number 2 (\"\") must be"));
        assert!(threads("-1").is_err() && threads("1025").is_err());
        for bad in ["-1", "18446744073709551616", "random", "1.0"] {
            assert!(seed(bad).unwrap_err().contains("from 0 to"), "{bad}");
        }
    }

    #[test]
    fn times_increase_and_the_message_names_the_pair() {
        assert_eq!(times("0, 0.5,2"), Ok(Times(vec![0.0, 0.5, 2.0])));
        let error = times("0,2,1.5").unwrap_err();
        assert_eq!(error, "times must increase, but time 3 is 1.5 after 2");
        assert!(times("1,1").unwrap_err().contains("time 2 is 1 after 1"));
        for (bad, place) in [("0,-1", "time 2"), ("nan", "time 1"), ("1,,2", "time 2"), ("", "1")] {
            assert!(times(bad).unwrap_err().contains(place), "{bad}");
        }
    }

    #[test]
    fn ranges_and_simulations_are_read_as_written() {
        let found = range("alpha = 0.1 .. 10");
        assert_eq!(found, Ok(Range { name: "alpha".into(), low: 0.1, high: 10.0 }));
        for bad in ["alpha", "alpha=1", "alpha=1..", "alpha=2..1", "alpha=1..nan", "a=1..1"] {
            assert!(range(bad).is_err(), "{bad}");
        }
        assert_eq!(simulation("N=400,seeds=8"), Ok(SimulationSize { size: 400, runs: 8 }));
        assert_eq!(simulation("seeds=8,N=4"), Ok(SimulationSize { size: 4, runs: 8 }));
        for bad in ["", "400", "N=0", "N=4,seeds=1", "seeds=4", "N=4,runs=3", "N=1e3"] {
            assert!(simulation(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn similarities_and_shares_are_read_as_written() {
        let alike = |features, readouts| Ok(Similarity { features, readouts });
        assert_eq!(similarity("V=0.5"), alike(0.5, 1.0));
        assert_eq!(similarity("readout = -1, V=-0.25"), alike(-0.25, -1.0));
        for bad in ["", "0.5", "V=1.5", "V=nan", "readout=1", "V=0.5,teacher=1", "V=0,readout=2"] {
            assert!(similarity(bad).is_err(), "{bad}");
        }
        assert_eq!((share("0"), share("1"), share("0.25")), (Ok(0.0), Ok(1.0), Ok(0.25)));
        assert!(share("1.01").is_err() && share("-0.1").is_err());
        assert_eq!(points("2"), Ok(2));
        assert!(points("1").is_err() && points("1000000").is_err());
    }

    #[test]
    fn settings_are_a_name_and_a_number() {
        assert_eq!(setting("a0=1e-4"), Ok(("a0".into(), 1e-4)));
        assert_eq!(setting(" depth = 3"), Ok(("depth".into(), 3.0)));
        assert!(setting("a0").unwrap_err().contains("NAME=NUMBER"));
        for bad in ["a0=", "a0=x", "a0=nan", "a0=1=2"] {
            assert!(setting(bad).unwrap_err().starts_with("a0: must be"), "{bad}");
        }
    }
}
