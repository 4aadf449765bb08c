#!/bin/sh
# Rebuilds the fonts of this folder from the fonts they derive from (Debian: fonts-liberation2,
# fonts-dejavu-core; Python: fonttools). Hints and layout rules that a vector figure does not use
# are dropped, and the results are renamed, as both licenses ask of modified versions.
set -eu
cd "$(dirname "$0")"
liberation=${1:-/usr/share/fonts/truetype/liberation2}
dejavu=${2:-/usr/share/fonts/truetype/dejavu}
names="U+20-7E,U+A0-24F,U+2B0-2FF,U+300-36F,U+370-3FF,U+400-52F,U+590-5FF,U+1E00-1EFF"
symbols="U+2010-205E,U+2070-209C,U+20A0-20BF,U+2100-218F,U+2190-21FF,U+2200-22FF,U+25A0-25FF"
subset() { # input, output, characters, layout features
    pyftsubset "$1" --output-file="$2" --unicodes="$3" --layout-features="$4" --legacy-kern \
        --no-hinting --notdef-outline --name-IDs=0,1,2,3,4,5,6,13,14 --no-recalc-timestamp
}
subset "$liberation/LiberationSans-Regular.ttf" SolvableSans-Regular.ttf "$names,$symbols" ""
subset "$liberation/LiberationSans-Italic.ttf" SolvableSans-Italic.ttf "U+20-7E,U+A0-17F,U+370-3FF,U+400-45F,U+2010-2044" ""
subset "$liberation/LiberationSans-Bold.ttf" SolvableSans-Bold.ttf "U+20-7E,U+A0-17F,U+370-3FF,U+400-45F,U+2010-2044,U+2212" ""
subset "$dejavu/DejaVuSans.ttf" SolvableSymbols.ttf \
    "U+20,U+3D1-3F6,U+530-58F,U+600-6FF,U+10A0-10FF,U+1D2C-1D6A,U+2070-209C,U+2100-214F,U+2190-21FF,U+2200-22FF,U+27C0-27EF,U+25A0-25FF,U+FB50-FDFF,U+FE70-FEFC" "*"
python3 - <<'P'
from fontTools.ttLib import TTFont
for file, family, style in [
    ("SolvableSans-Regular", "Solvable Sans", "Regular"),
    ("SolvableSans-Italic", "Solvable Sans", "Italic"),
    ("SolvableSans-Bold", "Solvable Sans", "Bold"),
    ("SolvableSymbols", "Solvable Symbols", "Regular"),
]:
    font = TTFont(file + ".ttf", recalcTimestamp=False)
    new = {1: family, 2: style, 3: file, 4: f"{family} {style}", 6: file}
    for record in font["name"].names:
        if record.nameID in new:
            record.string = new[record.nameID]
    font.save(file + ".ttf")
P
