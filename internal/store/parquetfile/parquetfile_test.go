package parquetfile

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestOpen(t *testing.T) {
	var whole bytes.Buffer
	if err := parquet.Write(&whole, []struct{ Path string }{{"a"}, {"b"}}); err != nil {
		t.Fatal(err)
	}
	claims := bytes.Clone(whole.Bytes())
	binary.LittleEndian.PutUint32(claims[len(claims)-8:], 1<<31)
	for _, test := range []struct {
		name, want string
		content    []byte
	}{
		{"whole", "", whole.Bytes()},
		{"empty", "too short", nil},
		{"a footer larger than the file", "a footer of 2147483648 bytes", claims},
		{"another format", "", []byte("this is not a table at all")},
	} {
		f, err := Open(bytes.NewReader(test.content), int64(len(test.content)))
		switch {
		case test.name == "whole":
			if err != nil || f.NumRows() != 2 {
				t.Errorf("%s: %v", test.name, err)
			}
		case err == nil || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestGuard(t *testing.T) {
	if err := Guard(func() error { panic("no") }); err == nil || err.Error() != "malformed: no" {
		t.Errorf("%v", err)
	}
}
