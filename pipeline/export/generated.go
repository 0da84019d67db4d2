package export

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"sync"
)

// generatedImages returns the files of all generated images, which are made once.
var generatedImages = sync.OnceValues(func() ([][]byte, error) {
	list := make([][]byte, comparedGenerated)
	for i := range list {
		var err error
		if list[i], err = generatedImage(i); err != nil {
			return nil, err
		}
	}
	return list, nil
})

// generatedImage returns the PNG file of a picture with smooth waves and noise; its size changes with the number.
func generatedImage(number int) ([]byte, error) {
	random := rand.New(rand.NewPCG(7, uint64(number)))
	width, height := 40+random.IntN(400), 40+random.IntN(400)
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	var phase, step [3]float64
	for c := range 3 {
		phase[c], step[c] = random.Float64()*2*math.Pi, 0.01+0.2*random.Float64()
	}
	noise := 60 * random.Float64()
	for y := range height {
		for x := range width {
			var level [3]uint8
			for c := range level {
				wave := 128 + 80*math.Sin(phase[c]+step[c]*float64(x)+step[2-c]*float64(y))
				level[c] = uint8(min(max(wave+noise*random.NormFloat64(), 0), 255))
			}
			img.SetNRGBA(x, y, color.NRGBA{level[0], level[1], level[2], 255})
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}
