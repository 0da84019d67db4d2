package jpeg

import (
	"bytes"
	"fmt"
)

// Markers: the second byte, after 0xff.
const (
	sof0 = 0xc0 // baseline
	sof1 = 0xc1 // extended sequential
	sof2 = 0xc2 // progressive
	dht  = 0xc4
	jpg  = 0xc8
	dac  = 0xcc
	sofF = 0xcf
	rst0 = 0xd0
	rst7 = 0xd7
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dqt  = 0xdb
	dri  = 0xdd
	app0 = 0xe0
	appE = 0xee
)

// maxScans bounds the number of scans; encoders write about ten.
const maxScans = 256

// segments reads the file from marker to marker, until the end or, for sizeOnly, the frame header.
func (d *Decoder) segments(sizeOnly bool) error {
	if len(d.data) < 2 || d.data[0] != 0xff || d.data[1] != soi {
		return fmt.Errorf("%w: no start marker", ErrDamaged)
	}
	d.pos = 2
	for scans := 0; ; {
		marker, err := d.nextMarker()
		if err != nil {
			return err
		}
		if marker == eoi {
			if d.frame.components == nil {
				return fmt.Errorf("%w: no frame", ErrDamaged)
			}
			return nil
		}
		if marker == 0x01 || marker >= rst0 && marker <= soi { // without a body
			continue
		}
		body, err := d.body()
		if err != nil {
			return err
		}
		switch {
		case marker == sof0 || marker == sof1 || marker == sof2:
			if err = d.readFrame(body, marker == sof2); err == nil && sizeOnly {
				return nil
			}
		case marker == dht:
			err = d.readHuffman(body)
		case marker > sof2 && marker <= sofF && marker != jpg && marker != dac:
			return fmt.Errorf("%w: SOF%d (lossless, hierarchical or arithmetic)", ErrUnsupported, marker-sof0)
		case marker == dqt:
			err = d.readQuant(body)
		case marker == dri:
			if len(body) != 2 {
				return fmt.Errorf("%w: restart interval", ErrDamaged)
			}
			d.restart = int(body[0])<<8 | int(body[1])
		case marker == app0:
			d.jfif = d.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
		case marker == appE:
			if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
				d.adobe, d.transform = true, body[11]
			}
		case marker == sos:
			if scans++; scans > maxScans {
				return fmt.Errorf("%w: more than %d scans", ErrDamaged, maxScans)
			}
			err = d.scan(body)
		}
		if err != nil {
			return err
		}
	}
}

// nextMarker skips to the next marker, over stray bytes, and returns its second byte.
func (d *Decoder) nextMarker() (byte, error) {
	for d.pos+1 < len(d.data) {
		next := bytes.IndexByte(d.data[d.pos:len(d.data)-1], 0xff)
		if next < 0 {
			break
		}
		d.pos += next
		if m := d.data[d.pos+1]; m != 0 && m != 0xff {
			d.pos += 2
			return m, nil
		}
		d.pos++
	}
	return 0, errCutOff
}

// body returns the contents of the segment at pos, whose length comes first.
func (d *Decoder) body() ([]byte, error) {
	if d.pos+2 > len(d.data) {
		return nil, errCutOff
	}
	n := int(d.data[d.pos])<<8 | int(d.data[d.pos+1])
	if n < 2 {
		return nil, fmt.Errorf("%w: a segment of %d bytes", ErrDamaged, n)
	}
	if d.pos+n > len(d.data) {
		return nil, errCutOff
	}
	body := d.data[d.pos+2 : d.pos+n]
	d.pos += n
	return body, nil
}

// readQuant reads quantisation tables, of 8 or 16 bits a value.
func (d *Decoder) readQuant(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		body = body[1:]
		if wide > 1 || id > 3 || len(body) < 64*(1+wide) {
			return fmt.Errorf("%w: quantisation table", ErrDamaged)
		}
		for k := range 64 {
			v := uint16(body[0])
			if wide == 1 {
				v = v<<8 | uint16(body[1])
			}
			d.quant[id][k] = v
			body = body[1+wide:]
		}
		d.quantKnown[id] = true
	}
	return nil
}

// readHuffman reads Huffman tables.
func (d *Decoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return fmt.Errorf("%w: Huffman table", ErrDamaged)
		}
		table := &d.dc[body[0]&15]
		if body[0]>>4 == 1 {
			table = &d.ac[body[0]&15]
		}
		counts := [16]uint8(body[1:17])
		n := 0
		for _, c := range counts {
			n += int(c)
		}
		body = body[17:]
		if n > 256 || n > len(body) || !table.build(counts, body[:n]) {
			return fmt.Errorf("%w: Huffman table", ErrDamaged)
		}
		body = body[n:]
	}
	return nil
}
