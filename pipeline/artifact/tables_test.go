package artifact

import "testing"

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a.png": "a.png", "1": "1", "é=1": "é=1", "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "'a": "''a", "'=1": "''=1", "'": "''", "a'": "a'",
	} {
		if got := Cell(true)(text); got != want {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
		if got := Text(true)(want); got != text {
			t.Errorf("%q is read as %q, want %q", want, got, text)
		}
		if got := Text(false)(text); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
		if got := Cell(false)(text); got != text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}
