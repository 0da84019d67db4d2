package preprocess

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestDefaultIsImagenet(t *testing.T) {
	imagenet, err := Preset("imagenet")
	if err != nil || imagenet != Default() {
		t.Errorf("%v, %v", imagenet, err)
	}
}

func TestPresets(t *testing.T) {
	names := PresetNames()
	if !slices.IsSorted(names) || len(names) < 8 {
		t.Errorf("names %v", names)
	}
	for _, name := range names {
		s, err := Preset(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s.Height != 0 || s.Width != 0 {
			t.Errorf("%s: a preset leaves the size to the network", name)
		}
	}
	_, err := Preset("imagnet")
	if !invalid.Is(err) || !strings.Contains(err.Error(), "imagenet") {
		t.Errorf("unknown preset: %v", err)
	}
}

// TestLevels gives what the levels 0, 127 and 255 become.
func TestLevels(t *testing.T) {
	for name, want := range map[string][3][3]float64{ // channel, level
		"imagenet":          {{-2.117904, 0.056940, 2.248908}, {-2.035714, 0.187675, 2.428571}, {-1.804444, 0.409063, 2.640000}},
		"imagenet-0.5":      {{-1, -0.003922, 1}, {-1, -0.003922, 1}, {-1, -0.003922, 1}},
		"efficientnet-lite": {{-0.9921875, 0, 1}, {-0.9921875, 0, 1}, {-0.9921875, 0, 1}},
		"raw":               {{0, 127, 255}, {0, 127, 255}, {0, 127, 255}},
		"unit":              {{0, 0.498039, 1}, {0, 0.498039, 1}, {0, 0.498039, 1}},
		"caffe":             {{-103.939, 23.061, 151.061}, {-116.779, 10.221, 138.221}, {-123.68, 3.32, 131.32}},
	} {
		s, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		table := s.Levels()
		for c := range 3 {
			for i, v := range []int{0, 127, 255} {
				if got := float64(table[c][v]); math.Abs(got-want[c][i]) > 2e-6*(1+math.Abs(got)) {
					t.Errorf("%s, channel %d: level %d becomes %v, want %v", name, c, v, got, want[c][i])
				}
			}
		}
	}
}

func TestSized(t *testing.T) {
	s := Default()
	if got := s.Sized(0, -1); got.Height != 224 || got.Width != 224 {
		t.Errorf("a dynamic network: %v", got)
	}
	if got := s.Sized(112, 96); got.Height != 112 || got.Width != 96 {
		t.Errorf("the network's size: %v", got)
	}
	s.Height = 300
	if got := s.Sized(112, 96); got.Height != 300 || got.Width != 96 {
		t.Errorf("the user's height: %v", got)
	}
}

func TestValidateNamesTheOption(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, changes := range map[string][]func(*Spec){
		"ImageSize":     {func(s *Spec) { s.Height = -1 }, func(s *Spec) { s.Width = MaxSize + 1 }},
		"CropPct":       {func(s *Spec) { s.CropPct = 0 }, func(s *Spec) { s.CropPct = 1.1 }, func(s *Spec) { s.CropPct = nan }},
		"Resize":        {func(s *Spec) { s.Resize = "longer" }},
		"Interpolation": {func(s *Spec) { s.Interpolation = "nearest" }},
		"ChannelOrder":  {func(s *Spec) { s.ChannelOrder = "" }},
		"Scale": {func(s *Spec) { s.Scale = 0 }, func(s *Spec) { s.Scale = nan }, func(s *Spec) { s.Scale = inf },
			func(s *Spec) { s.Scale = 1e-300 }, func(s *Spec) { s.Std[0] = 1e-300 }},
		"Mean":  {func(s *Spec) { s.Mean[1] = nan }, func(s *Spec) { s.Mean[2] = -inf }},
		"Std":   {func(s *Spec) { s.Std[0] = 0 }, func(s *Spec) { s.Std[2] = -1 }, func(s *Spec) { s.Std[1] = inf }},
		"White": {func(s *Spec) { s.White = -1 }, func(s *Spec) { s.White = 1 << 16 }},
	} {
		for i, change := range changes {
			s := Default()
			change(&s)
			var m *invalid.Error
			if err := s.Validate(); !errors.As(err, &m) || m.Field != "Images.Overrides."+name || m.Want == "" {
				t.Errorf("%s, change %d: %v", name, i, err)
			}
			if _, err := s.MarshalText(); err == nil {
				t.Errorf("%s, change %d: an invalid spec was written", name, i)
			}
		}
	}
	if err := (Spec{}).Validate(); err == nil {
		t.Error("the zero spec must not be valid")
	}
}

func TestText(t *testing.T) {
	s := Default().Sized(192, 160)
	const want = "size=192x160 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=255 " +
		"mean=0.485,0.456,0.406 std=0.229,0.224,0.225"
	if s.String() != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	data, err := json.Marshal(map[string]Spec{"preprocessing": s})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]Spec
	if err := json.Unmarshal(data, &back); err != nil || back["preprocessing"] != s {
		t.Errorf("through JSON: %v, %v", back, err)
	}
	s.White = 4095
	if back, err := Parse(s.String()); s.String() != want+" white=4095" || err != nil || back != s {
		t.Errorf("with a white level: %s, %v, %v", s, back, err)
	}
	s.Mean[0] = math.Copysign(0, -1)
	zero := s
	zero.Mean[0] = 0
	if s != zero || s.String() != zero.String() {
		t.Errorf("equal specs, two texts: %v", s)
	}
}

func TestParseErrors(t *testing.T) {
	good := Default().String()
	for _, text := range []string{
		"", "imagenet", strings.Replace(good, "size=autoxauto", "size=auto", 1), strings.Replace(good, "autox", "0x", 1),
		strings.Replace(good, "scale=255", "scale=", 1), strings.Replace(good, "scale=255 ", "", 1), good + " scale=255",
		good + " colour=red", good + " white=0", good + " white=70000", good + " white=", good + " white=1 white=1", strings.Replace(good, "0.406", "0.406,1", 1), strings.Replace(good, "shorter", "longer", 1),
	} {
		if s, err := Parse(text); err == nil || !invalid.Is(err) {
			t.Errorf("Parse(%q) = %v, %v", text, s, err)
		}
	}
}

func TestParseTriple(t *testing.T) {
	for text, want := range map[string][3]float64{
		"0.5": {0.5, 0.5, 0.5}, "127,127,127": {127, 127, 127}, "1, 2,3e1": {1, 2, 30},
	} {
		if got, err := ParseTriple(text); err != nil || got != want {
			t.Errorf("ParseTriple(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1,2", "1,2,3,4", "1,x,3", "1;2;3"} {
		if got, err := ParseTriple(text); err == nil {
			t.Errorf("ParseTriple(%q) = %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range PresetNames() {
		s, err := Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.String())
		f.Add(s.Sized(3, 5).String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("an invalid spec: %v", err)
		}
		if back, err := Parse(s.String()); err != nil || back != s {
			t.Fatalf("%v became %v, %v", s, back, err)
		}
	})
}
