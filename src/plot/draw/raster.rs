//! PNG and PDF, made from the SVG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::canvas::{Canvas, Lettering};
use super::pdf::sorted;
use crate::plot::font;
use crate::{Error, Result};

/// The fonts, read once.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut database = fontdb::Database::new();
        for file in font::FILES {
            database.load_font_data(file.to_vec());
        }
        Arc::new(database)
    };
    Arc::clone(FONTS.get_or_init(load))
}

fn failed(reason: impl std::fmt::Display) -> Error {
    Error::Numerical { method: "drawing", reason: reason.to_string() }
}

/// The page as usvg reads it.
pub(crate) fn tree(canvas: &Canvas) -> Result<Tree> {
    let svg = canvas.svg("", "", Lettering::Text);
    let options = Options { fontdb: fonts(), ..Options::default() };
    Tree::from_str(&svg, &options).map_err(failed)
}

/// The page as PDF, with the fonts it uses inside.
pub(crate) fn pdf(tree: &Tree) -> Result<Vec<u8>> {
    // usvg counts 96 units to the inch, which makes the page as large as the SVG says.
    let page = svg2pdf::PageOptions { dpi: 96.0 };
    let options = svg2pdf::ConversionOptions::default();
    svg2pdf::to_pdf(tree, options, page).map_err(failed).map(sorted)
}

/// The page as PNG with `dpi` pixels to the inch.
pub(crate) fn png(tree: &Tree, dpi: f64) -> Result<Vec<u8>> {
    if !(10.0..=2400.0).contains(&dpi) {
        return Err(Error::parameter("dpi", dpi, "it must be 10 to 2400"));
    }
    let scale = dpi as f32 / 96.0;
    let size = tree.size();
    let (width, height) = ((size.width() * scale).round(), (size.height() * scale).round());
    let too_large = || failed(format!("{width} by {height} pixels are too many"));
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    let fit = Transform::from_scale(width / size.width(), height / size.height());
    resvg::render(tree, fit, &mut pixels.as_mut());
    encode(&pixels, dpi)
}

/// The page is opaque: three channels suffice.
fn encode(pixels: &Pixmap, dpi: f64) -> Result<Vec<u8>> {
    let mut opaque = Vec::with_capacity(pixels.data().len() / 4 * 3);
    pixels.data().chunks_exact(4).for_each(|p| opaque.extend_from_slice(&p[..3]));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Three times smaller than the fast setting, for a twentieth of a second.
    encoder.set_compression(png::Compression::Default);
    encoder.set_filter(png::FilterType::Up);
    let per_meter = (dpi / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_meter,
        yppu: per_meter,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&opaque).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}
