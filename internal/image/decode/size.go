package decode

import (
	"fmt"

	"finetune/internal/image/jpeg"
)

// Size returns the size of the picture in data as it is stored, before orientation, from its header alone. Errors are those of
// Decode.
func Size(data []byte, limits Limits) (width, height int, err error) {
	format, err := Sniff(data)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if r := recover(); r != nil {
			width, height, err = 0, 0, fmt.Errorf("damaged %s image: the decoder failed: %v", format, r)
		}
	}()
	if format == JPEG {
		var d jpeg.Decoder
		width, height, err = d.Size(data)
	} else {
		c := codecs[format]
		config, configErr := c.config(c.open(data))
		width, height, err = config.Width, config.Height, configErr
	}
	if err != nil {
		return 0, 0, explain(format, err)
	}
	d := Decoder{Limits: limits}
	return width, height, d.checkSize(format, width, height)
}
