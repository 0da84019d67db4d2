package neon

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	for text, want := range map[string]uint32{ // by GNU as
		"fmla v0.4s, v16.4s, v24.4s":      0x4e38ce00,
		"fmla v31.4s, v30.4s, v29.s[3]":   0x4fbd1bdf,
		"fmla v1.2d, v2.2d, v31.d[1]":     0x4fdf1841,
		"smlal2 v4.4s, v5.8h, v15.h[7]":   0x4f7f28a4,
		"sshr v3.4s, v7.4s, #11":          0x4f3504e3,
		"shl v3.4s, v7.4s, #13":           0x4f2d54e3,
		"sqshrun v3.8b, v7.8h, #2":        0x2f0e84e3,
		"tbl v1.16b, {v2.16b}, v3.16b":    0x4e030041,
		"usubl2 v10.8h, v11.16b, v12.16b": 0x6e2c216a,
	} {
		if got, err := encode(text); err != nil || got != want {
			t.Errorf("%s: %#08x, %v, want %#08x", text, got, err, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, text := range []string{
		"", "fmla", "nop v0.4s", "fmla v0.4s, v1.4s", "fmla v32.4s, v1.4s, v2.4s", "fmla v0.4s, v1.4s, v2.s[4]",
		"fmla v0.2d, v1.2d, v2.d[2]", "smull v0.4s, v1.4h, v16.h[0]", "smull v0.4s, v1.4h, v15.h[8]", "sshr v0.4s, v1.4s, #0",
		"sshr v0.4s, v1.4s, #33", "shl v0.4s, v1.4s, #32", "shrn v0.8b, v1.8h, #9", "fadd v0.4s, v1.4s, x2",
	} {
		if got, err := encode(text); err == nil {
			t.Errorf("%q is %#08x, want an error", text, got)
		}
	}
}

// TestEncodeIsGNU compares every instruction of the table with GNU's assembler, where that is installed.
func TestEncodeIsGNU(t *testing.T) {
	assembler, err := exec.LookPath("aarch64-linux-gnu-as")
	if err != nil {
		t.Skip("GNU's assembler for arm64 isn't installed (binutils-aarch64-linux-gnu)")
	}
	var lines []string
	var want []uint32
	for form := range encodings {
		for _, numbers := range [][]int{{0, 1, 2}, {31, 16, 15}, {8, 31, 4}} {
			for step := range 3 {
				text := example(form, numbers, step)
				word, err := encode(text)
				if err != nil {
					t.Fatal(err)
				}
				lines, want = append(lines, text), append(want, word)
			}
		}
	}
	got := assemble(t, assembler, strings.Join(lines, "\n")+"\n")
	if len(got) != len(want) {
		t.Fatalf("%d words, want %d", len(got), len(want))
	}
	for i, word := range want {
		if got[i] != word {
			t.Errorf("%s: %#08x, GNU's assembler has %#08x", lines[i], word, got[i])
		}
	}
}

// example fills in registers and one of three indices or distances.
func example(form string, numbers []int, step int) string {
	var text strings.Builder
	register := 0
	for i, c := range form {
		text.WriteRune(c)
		if c == 'v' && i+1 < len(form) && form[i+1] == '.' {
			fmt.Fprint(&text, numbers[register])
			register++
		}
	}
	most := map[byte]int{'d': 1, 's': 3, 'h': 7}
	out := text.String()
	if i := strings.Index(out, "[]"); i > 0 {
		out = out[:i] + fmt.Sprintf("[%d]", most[out[i-1]]*step/2) + out[i+2:]
	}
	distance := []int{1, 5, 8}[step]
	return strings.NewReplacer("#left", fmt.Sprint("#", distance), "#right", fmt.Sprint("#", distance)).Replace(out)
}

func assemble(t *testing.T, assembler, text string) []uint32 {
	t.Helper()
	object := filepath.Join(t.TempDir(), "object")
	command := exec.Command(assembler, "-o", object, "-")
	command.Stdin = strings.NewReader(text)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	code, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return words
}

func TestFile(t *testing.T) {
	f := New("sum", "gensum")
	f.Table("ones", 1, 1, 1, 1)
	a := f.Func("sumNEON", "func(n uint32, scale float32, dst, a *float32, last uint32)", "sumNEON adds.")
	dst := a.Arg("dst")
	v := a.Same("scale")
	x := a.Vecs(3)
	a.LoadAll(dst, x...)
	a.Op("fadd %v.4s, %v.4s, %v.4s", x[0], x[1], v)
	a.Free(x...)
	if again := a.Vec(); again != x[0] {
		t.Errorf("%s was handed out, want %s again", again, x[0])
	}
	a.Return()
	folder := t.TempDir()
	assembly, stubs := filepath.Join(folder, "a.s"), filepath.Join(folder, "a.go")
	if err := f.Write(assembly, stubs); err != nil {
		t.Fatal(err)
	}
	if err := f.Check(assembly, stubs); err != nil {
		t.Error(err)
	}
	if err := f.Check(stubs, assembly); err == nil {
		t.Error("no error about files that differ")
	}
	text, err := os.ReadFile(assembly)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"TEXT ·sumNEON(SB), NOSPLIT|NOFRAME, $0-28\n", "MOVD dst+8(FP), R0\n", "MOVWU scale+4(FP), R1\n", "VDUP R1, V0.S4\n",
		"FLDPQ 0(R0), (F1, F2)\n", "FMOVQ 32(R0), F3\n", "WORD $0x4e20d441 // fadd v1.4s, v2.4s, v0.4s\n", "DATA ones<>+12(SB)/4",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the assembly lacks %q:\n%s", want, text)
		}
	}
	declared, err := os.ReadFile(stubs)
	if err != nil {
		t.Fatal(err)
	}
	if tidy, err := format.Source(declared); err != nil || !slices.Equal(tidy, declared) {
		t.Errorf("the declarations aren't as gofmt has them: %v\n%s", err, declared)
	}
}

func TestMistakes(t *testing.T) {
	for what, mistake := range map[string]func(f *File, a *Func){
		"instruction": func(_ *File, a *Func) { a.Op("fadd v0.4s") },
		"parameter":   func(_ *File, a *Func) { a.Arg("other") },
		"general": func(_ *File, a *Func) {
			for range 26 {
				a.Reg()
			}
		},
		"vectors":         func(_ *File, a *Func) { a.Vecs(33) },
		"given back":      func(_ *File, a *Func) { v := a.Vec(); a.Free(v, v) },
		"wrong signature": func(f *File, _ *Func) { f.Func("g", "int") },
	} {
		f := New("sum", "gensum")
		mistake(f, f.Func("f", "func(n int)"))
		folder := t.TempDir()
		if err := f.Write(filepath.Join(folder, "a.s"), filepath.Join(folder, "a.go")); err == nil {
			t.Errorf("%s: no error", what)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: files were written", what)
		}
	}
}
