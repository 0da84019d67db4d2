package main

import (
	"bytes"
	"testing"
)

func TestDisplayLay(t *testing.T) {
	const table = "confusion\n  1  2\n  3  4\n"
	const prose = "note: intervals contain every class of the data\n"
	const command = "label images with: finetune predict --model r --data PATH --out labels.csv\n"
	for _, test := range []struct {
		name       string
		d          display
		text, want string
	}{
		{"a pipe takes text as it is", display{}, table + prose + command, table + prose + command},
		{"words stay whole", display{width: 24}, prose, "note: intervals contain\nevery class of the data\n"},
		{"a continuation keeps the indent", display{width: 12}, "  - one two three\n", "  - one two\n    three\n"},
		{"a long word isn't cut", display{width: 8}, "/a/long/path is long\n", "/a/long/path is long\n"},
		{"commands stay on one line", display{width: 24}, command, command},
		{"a pointer to the help may break", display{width: 24}, "missing; see finetune x --help\n", "missing; see finetune x\n--help\n"},
		{"headings are bold", display{colour: true}, table, "\x1b[1mconfusion\x1b[0m\n  1  2\n  3  4\n"},
		{"notes are yellow", display{colour: true}, "note: a\nb\n", "\x1b[33mnote: a\x1b[0m\nb\n"},
	} {
		if got := test.d.lay(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDisplayOfNoTerminal(t *testing.T) {
	if d := displayOf(&bytes.Buffer{}); d != (display{}) {
		t.Errorf("a buffer is %+v, want the zero value", d)
	}
}
