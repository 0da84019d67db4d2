//go:build !unix

package npy

import "io"

// join copies the parts into memory, where the system can't map files to chosen addresses.
func join(parts []part, _ int) (*Joined, error) {
	j := &Joined{Cols: parts[0].header.Cols}
	for _, p := range parts {
		j.Starts = append(j.Starts, j.Rows)
		if _, err := p.file.Seek(p.header.Offset, io.SeekStart); err != nil {
			return nil, err
		}
		data, err := readElements(p.file, p.header)
		if err != nil {
			return nil, err
		}
		j.Data, j.Rows = append(j.Data, data...), j.Rows+p.header.Rows
	}
	return j, nil
}
