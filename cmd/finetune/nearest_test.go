package main

import "testing"

func TestNearest(t *testing.T) {
	candidates := []string{"data", "device", "dropout", "epochs", "overwrite", "loss", "losses"}
	for word, want := range map[string]string{
		"dta": "data", "epoch": "epochs", "overwritee": "overwrite", "lsos": "loss", "zzz": "", "": "", "droput": "dropout",
	} {
		if got := nearest(word, candidates); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestSuggestion(t *testing.T) {
	for _, c := range []struct{ found, want, hint string }{
		{`"emd3"`, "one of cross-entropy, emd2, xemd2", "did you mean emd2?"},
		{`"adamv"`, "sgd, adamw or lbfgs", "did you mean adamw?"},
		{`"fast"`, "a number", ""},
		{"-1", "1 or more", ""},
		{`"best"`, "auto, argmax, median", ""},
	} {
		if got := suggestion(c.found, c.want); got != c.hint {
			t.Errorf("%s of %s: got %q, want %q", c.found, c.want, got, c.hint)
		}
	}
}
