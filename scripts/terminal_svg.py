"""Draws terminal output (standard input) as an SVG picture (standard output), for the README.

    NO_COLOR=1 script -qc 'stty cols 100; bin/finetune --data testdata/demo/demo.csv --out demo-run --overwrite' /dev/null > run.txt
    python3 scripts/terminal_svg.py '$ finetune --data testdata/demo/demo.csv' < run.txt > docs/run.svg
"""

import html
import sys

CHAR, LINE, PAD, WIDEST = 7.25, 17, 16, 118


def main(command):
    lines = [command] + [line.rstrip("\r\n")[:WIDEST] for line in sys.stdin]
    while lines[-1] == "":
        lines.pop()
    width, height = 2 * PAD + CHAR * max(map(len, lines)), 2 * PAD + LINE * len(lines)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">',
           f"<title>{html.escape(command)}</title>",
           '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
           '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12" fill="#c9d1d9" xml:space="preserve">']
    for i, line in enumerate(lines):
        colour = ' fill="#7ee787"' if i == 0 else ' fill="#79c0ff"' if "━" in line else ""
        length = f' textLength="{CHAR * len(line):.1f}" lengthAdjust="spacingAndGlyphs"' if line else ""
        out.append(f'<text x="{PAD}" y="{PAD + LINE * (i + 1) - 4}"{colour}{length}>{html.escape(line).replace(chr(32), chr(160))}</text>')
    print("\n".join(out + ["</g>", "</svg>"]))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "$ finetune")
