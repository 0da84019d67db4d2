package augment

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"finetune/invalid"
)

// scene returns a picture of noise, in which every place looks different.
func scene(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 255
		if i%4 != 3 {
			img.Pix[i] = uint8(60 + r.IntN(120))
		}
	}
	return img
}

func equal(a, b *image.NRGBA) bool {
	if a.Rect.Size() != b.Rect.Size() {
		return false
	}
	for y := range a.Rect.Dy() {
		i, j := a.PixOffset(a.Rect.Min.X, a.Rect.Min.Y+y), b.PixOffset(b.Rect.Min.X, b.Rect.Min.Y+y)
		if n := 4 * a.Rect.Dx(); !bytes.Equal(a.Pix[i:i+n], b.Pix[j:j+n]) {
			return false
		}
	}
	return true
}

var content = sha256.Sum256([]byte("a picture"))

func TestFirstViewsAreThePictureAndItsMirrorImage(t *testing.T) {
	img := scene(7, 5)
	p := Plan{Kinds: All, Seed: 3}
	if p.View(img, 0, content) != img {
		t.Error("view 0 isn't the picture itself")
	}
	mirror := p.View(img, 1, content)
	for y := range 5 {
		for x := range 7 {
			if mirror.NRGBAAt(x, y) != img.NRGBAAt(6-x, y) {
				t.Fatalf("pixel %d, %d of the mirror image is %v", x, y, mirror.NRGBAAt(x, y))
			}
		}
	}
	if equal(mirror, img) || !equal(p.View(mirror, 1, content), img) {
		t.Error("the mirror image of the mirror image isn't the picture")
	}
}

// TestViewsDependOnPlanNumberAndContent draws views in several orders, on several threads and processors.
func TestViewsDependOnPlanNumberAndContent(t *testing.T) {
	img, p := scene(40, 30), Plan{Kinds: All, Seed: 1}
	before := sha256.Sum256(img.Pix)
	digest := func(p Plan, view int, content [32]byte) string {
		v := p.View(img, view, content)
		return fmt.Sprintf("%v %x", v.Rect.Size(), sha256.Sum256(v.Pix))
	}
	const n = 9
	var want [n]string
	for v := range n {
		want[v] = digest(p, v, content)
		for u := range v {
			if want[u] == want[v] {
				t.Errorf("views %d and %d are the same", u, v)
			}
		}
	}
	procs := runtime.GOMAXPROCS(1)
	var group sync.WaitGroup
	for v := n - 1; v >= 0; v-- {
		group.Go(func() {
			if got := digest(p, v, content); got != want[v] {
				t.Errorf("view %d came out as %s, before as %s", v, got, want[v])
			}
		})
	}
	group.Wait()
	runtime.GOMAXPROCS(procs)
	for v := 2; v < n; v++ {
		if digest(Plan{All, 2}, v, content) == want[v] {
			t.Errorf("view %d doesn't depend on the seed", v)
		}
		if digest(p, v, sha256.Sum256([]byte("another"))) == want[v] {
			t.Errorf("view %d doesn't depend on the picture's content", v)
		}
	}
	if sha256.Sum256(img.Pix) != before {
		t.Error("the picture was changed")
	}
}

// TestNamesTellViewsApart holds names, under which features are kept, against what the views show.
func TestNamesTellViewsApart(t *testing.T) {
	img := scene(40, 30)
	plans := []Plan{
		{Flip, 0},
		{All, 0},
		{All, 1},
		{Crop | Flip, 0},
		{Crop, 0},
		{Scale, 0},
		{Colour, 0},
		{Scale | Colour, 1},
	}
	type shown struct {
		size image.Point
		pix  [32]byte
	}
	byName := map[string]shown{}
	for _, p := range plans {
		for v := range min(4, p.Len()) {
			view := p.View(img, v, content)
			s := shown{view.Rect.Size(), sha256.Sum256(view.Pix)}
			if before, ok := byName[p.Name(v)]; ok && before != s {
				t.Errorf("two views of the name %q", p.Name(v))
			}
			byName[p.Name(v)] = s
		}
	}
	if (Plan{All, 5}).Name(0) != "" || (Plan{All, 5}).Name(1) != (Plan{Flip, 0}).Name(1) {
		t.Error("the picture and its mirror image are the same in every plan")
	}
	// Pictures, mirror images, and for each plan what it draws: two or three views.
	if want := 1 + 1 + 3*2 + 4*3; len(byName) != want {
		t.Errorf("%d names, want %d", len(byName), want)
	}
}

func TestWindowLiesInside(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, of := range []image.Rectangle{image.Rect(0, 0, 100, 60), image.Rect(3, 4, 4, 5), image.Rect(-5, 2, 300, 5)} {
		corners := map[image.Point]bool{}
		for range 500 {
			w := window(of, r)
			if !w.In(of) || w.Empty() {
				t.Fatalf("window %v of %v", w, of)
			}
			for _, s := range [][2]int{{w.Dx(), of.Dx()}, {w.Dy(), of.Dy()}} {
				if float64(s[0]) < leastWindow*float64(s[1])-0.5 {
					t.Fatalf("window %v keeps too little of %v", w, of)
				}
			}
			corners[w.Min] = true
		}
		if of.Dx() > 50 && len(corners) < 10 {
			t.Errorf("windows of %v begin at %d places only", of, len(corners))
		}
	}
}

// TestRescaleKeepsTheCentre shows a white dot in the middle, larger or smaller within the frame.
func TestRescaleKeepsTheCentre(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 81, 61))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range 61 {
		for x := range 81 {
			if (x-40)*(x-40)+(y-30)*(y-30) > 9 {
				img.SetNRGBA(x, y, color.NRGBA{100, 100, 100, 255})
			}
		}
	}
	smaller, larger := 0, 0
	for seed := range uint64(200) {
		v := rescale(img, rand.New(rand.NewPCG(seed, 0)))
		w, h := v.Rect.Dx(), v.Rect.Dy()
		if at := v.NRGBAAt(v.Rect.Min.X+w/2, v.Rect.Min.Y+h/2); at.R != 255 {
			t.Fatalf("%v in the middle of %d × %d", at, w, h)
		}
		if share := float64(w) / 81; share < 1/mostZoom-0.01 || share > mostZoom+0.01 {
			t.Fatalf("a frame of %d for a picture of 81", w)
		}
		if w > 83 {
			smaller++
			if at := v.NRGBAAt(0, 0); at.A != 255 || at.R < 100 || at.R > 110 {
				t.Fatalf("the border is %v, the mean of the picture about 101", at)
			}
		} else if w < 79 {
			larger++
		}
	}
	if smaller < 50 || larger < 50 {
		t.Errorf("%d smaller and %d larger of 200", smaller, larger)
	}
}

func TestColoursChangeALittle(t *testing.T) {
	img := scene(30, 20)
	for seed := range uint64(50) {
		v := recolour(img, rand.New(rand.NewPCG(seed, 1)))
		if v.Rect != img.Rect {
			t.Fatalf("another size: %v", v.Rect)
		}
		a, b := meanColour(img), meanColour(v)
		for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
			if d < -45 || d > 45 {
				t.Errorf("seed %d: mean colour %v became %v", seed, a, b)
			}
		}
	}
}

func TestReduce(t *testing.T) {
	small := scene(895, 2000)
	if Reduce(small, 224) != small {
		t.Error("a picture of less than four times the side was reduced")
	}
	big := scene(2100, 1400)
	if got := Reduce(big, 224).Rect.Size(); got != image.Pt(700, 466) {
		t.Errorf("2100 × 1400 became %v", got)
	}
	a, b := meanColour(big), meanColour(Reduce(big, 224))
	if d := int(a.G) - int(b.G); d < -1 || d > 1 {
		t.Errorf("the mean went from %v to %v", a, b)
	}
}

func TestTinyPictures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 9}, {2, 1}} {
		for v := range 20 {
			if got := (Plan{Kinds: All}).View(scene(size.X, size.Y), v, content); got.Rect.Empty() {
				t.Errorf("view %d of %v is empty", v, size)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		plan  Plan
		views int
		ok    bool
	}{
		{Plan{All, 0}, 1, true}, {Plan{All, 0}, Most, true}, {Plan{All, 0}, Most + 1, false}, {Plan{All, 0}, 0, false},
		{Plan{Flip, 0}, 2, true}, {Plan{Flip, 0}, 3, false}, {Plan{Crop, 0}, 3, true}, {Plan{}, 1, true}, {Plan{}, 2, false},
	} {
		if err := c.plan.Check("--views", c.views); (err == nil) != c.ok || err != nil && !invalid.Is(err) {
			t.Errorf("%d views of %v: %v", c.views, c.plan, err)
		}
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string]Kinds{"flip": Flip, "Colour, crop": Crop | Colour, "flip,crop,scale,color": All,
		"scale,scale": Scale} {
		got, err := ParseKinds(text)
		if err != nil || got != want {
			t.Errorf("ParseKinds(%q) = %v, %v", text, got, err)
		}
		if back, err := ParseKinds(got.String()); err != nil || back != got {
			t.Errorf("%v became %v, %v", got, back, err)
		}
	}
	for _, text := range []string{"", "flip,", "rotate", "vflip"} {
		if k, err := ParseKinds(text); !invalid.Is(err) {
			t.Errorf("ParseKinds(%q) = %v, %v", text, k, err)
		}
	}
	data, err := json.Marshal(Plan{Flip | Colour, 7})
	if err != nil || string(data) != `{"augment":"flip,colour","seed":7}` {
		t.Errorf("%s, %v", data, err)
	}
	var back Plan
	if err := json.Unmarshal(data, &back); err != nil || back != (Plan{Flip | Colour, 7}) {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"augment":""}`), &back); err != nil || back.Kinds != 0 {
		t.Errorf("no change: %v, %v", back, err)
	}
}

func BenchmarkView(b *testing.B) {
	img := scene(640, 480)
	for v := range 4 {
		b.Run(fmt.Sprint(v), func(b *testing.B) {
			for b.Loop() {
				(Plan{Kinds: All}).View(img, v, content)
			}
		})
	}
}
