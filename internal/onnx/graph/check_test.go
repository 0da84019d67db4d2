package graph

import (
	"fmt"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// edited returns a network's bytes after a change of its message.
func edited(t testing.TB, lines string, edit func(*onnxpb.ModelProto)) []byte {
	t.Helper()
	pb := new(onnxpb.ModelProto)
	if err := proto.Unmarshal(encode(t, 17, lines), pb); err != nil {
		t.Fatal(err)
	}
	edit(pb)
	data, err := proto.Marshal(pb)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sparse(t testing.TB, text_ string) func(*onnxpb.ModelProto) {
	return func(pb *onnxpb.ModelProto) {
		s := new(onnxpb.SparseTensorProto)
		text(t, text_, s)
		pb.Graph.SparseInitializer = append(pb.Graph.SparseInitializer, s)
	}
}

func functionsText(t testing.TB, list ...string) func(*onnxpb.ModelProto) {
	return func(pb *onnxpb.ModelProto) {
		for _, s := range list {
			f := new(onnxpb.FunctionProto)
			text(t, `domain: "c" input: "a" output: "b" `+s, f)
			pb.Functions = append(pb.Functions, f)
		}
		pb.Graph.Node[0].Domain = proto.String("c")
	}
}

const values = `values { name: "s" data_type: 1 dims: 2 float_data: [1, 2] } `

// What would end the process or exhaust memory inside ONNX Runtime must be refused before it sees the network.
func TestParseRefusesHostile(t *testing.T) {
	const plain = "in x 1 N,3,8,8\ny = Relu x\nout y"
	doubling := []string{`name: "f0" node { op_type: "Relu" input: "a" output: "b" }`}
	for i := range 40 {
		call := fmt.Sprintf(`node { domain: "c" op_type: "f%d" input: "a" output: "%%s" }`, i)
		doubling = append(doubling, fmt.Sprintf(`name: "f%d" `, i+1)+fmt.Sprintf(call, "t")+fmt.Sprintf(call, "b"))
	}
	none := func(*onnxpb.ModelProto) {}
	for _, c := range []struct {
		name, lines string
		edit        func(*onnxpb.ModelProto)
		want        string
	}{
		{"huge images", "in x 1 1,3,2147483648,2147483648\ny = Relu x\nout y", none,
			`input "x" has the shape 1×3×2147483648`},
		{"a huge batch", "in x 1 2147483648,3,32,32\ny = Relu x\nout y", none, "more than 268435456 elements"},
		{"a product that overflows", "in x 1 4294967296,4294967296,4294967296,3\ny = Relu x\nout y", none,
			`input "x"`},
		{"a huge tensor inside", "in x 1 N,3,8,8\ns = Constant {name: 'value_ints' ints: [1,3,1048576,1048576]}\n" +
			"z = ConstantOfShape s\ny = Add x z\nout y", none,
			`tensor "z" has the shape`},
		{"a cycle", "in x 1 N,3,8,8\na = Add x b\nb = Relu a\nout b", none, `a cycle through the tensor "a"`},
		{"a node that reads itself", "in x 1 N,3,8,8\na = Add x a\nout a", none, `a cycle through the tensor "a"`},
		{"a tensor from nowhere", "in x 1 N,3,8,8\na = Add x nowhere\nout a", none,
			`reads the tensor "nowhere", which nothing writes`},
		{"a function that calls itself", plain, functionsText(t,
			`name: "f" node { domain: "c" op_type: "f" input: "a" output: "b" }`),
			`function "f" calls itself`},
		{"functions that call each other", plain, functionsText(t,
			`name: "f" node { domain: "c" op_type: "g" input: "a" output: "b" }`,
			`name: "g" node { op_type: "If" output: "b" attribute { name: "then_branch" g { node { domain: "c" op_type: "f" input: "a" output: "b" } } } }`),
			"calls itself"},
		{"a function twice", plain, functionsText(t, doubling[0], doubling[0]), `function "f0" is defined twice`},
		{"functions that double", plain, functionsText(t, doubling...), "expand to more than"},
		{"a huge sparse tensor", plain, sparse(t,
			values+`indices { data_type: 7 dims: 2 int64_data: [0, 1] } dims: [2147483648, 2147483648]`),
			`sparse tensor "s": the shape [2147483648 2147483648] has more than`},
		{"an index outside", plain, sparse(t,
			values+`indices { data_type: 7 dims: 2 int64_data: [0, 6] } dims: [2, 3]`), "index 6 lies outside"},
		{"an index of an axis outside", plain, sparse(t,
			values+`indices { data_type: 7 dims: [2, 2] int64_data: [0, 0, 1, 3] } dims: [2, 3]`),
			"index 3 lies outside"},
		{"an index before", plain, sparse(t,
			values+`indices { data_type: 7 dims: 2 int64_data: [-1, 0] } dims: [2, 3]`), "index -1 lies outside"},
		{"too few indices", plain, sparse(t, values+`indices { data_type: 7 dims: 2 int64_data: [0] } dims: [2, 3]`),
			"1 indices of shape [2] for 2 values"},
		{"a negative size", plain, func(pb *onnxpb.ModelProto) {
			pb.Graph.Initializer = append(pb.Graph.Initializer, &onnxpb.TensorProto{Name: proto.String("w"),
				Dims: []int64{2, -3}})
		}, `tensor "w" has the impossible shape [2 -3]`},
	} {
		_, err := Parse("net.onnx", edited(t, c.lines, c.edit))
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	fits := sparse(t, values+`indices { data_type: 7 dims: [2, 2] int64_data: [0, 0, 1, 2] } dims: [2, 3]`)
	if _, err := Parse("net.onnx", edited(t, plain, fits)); err != nil {
		t.Errorf("a sparse tensor whose indices fit: %v", err)
	}
	calls := functionsText(t, doubling[:5]...)
	if _, err := Parse("net.onnx", edited(t, plain, calls)); err != nil {
		t.Errorf("functions that call others: %v", err)
	}
}

// Files whose nodes aren't sorted are read as if they were.
func TestParseSortsNodes(t *testing.T) {
	m := build(t, 13, "in x 1 N,3,8,8\nweight k 4,3,1,1\nout y\nf = Flatten p\np = GlobalAveragePool r\n"+
		"weight w 4,5\ny = MatMul f w\nr = Relu c\nc = Conv x k\n")
	var ops []string
	for _, n := range m.pb.Graph.Node {
		ops = append(ops, n.GetOpType())
	}
	if got := strings.Join(ops, " "); got != "Conv Relu GlobalAveragePool Flatten MatMul" {
		t.Errorf("order %s", got)
	}
	if f, err := m.FindFeature("", nil); err != nil || f.Width != 4 {
		t.Errorf("%+v, %v", f, err)
	}
}

// External data may be attached to any tensor of a file.
func TestExternalFilesAreFoundEverywhere(t *testing.T) {
	external := func(file string) string {
		return `{ name: "t" dims: 1 data_type: 1 data_location: EXTERNAL external_data { key: "location" value: "` + file + `" } }`
	}
	data := edited(t, "in x 1 N,3,8,8\nc = Constant {name: 'value' type: TENSOR t "+external("constant")+"}\n"+
		"b = Greater x c\ny = If b {name: 'then_branch' type: GRAPH g { name: 'g' initializer "+external("subgraph")+" output { name: 't' } }}\nout y",
		func(pb *onnxpb.ModelProto) {
			text(t, `name: "f" domain: "c" node { op_type: "Constant" output: "o" attribute { name: "value" t `+external("function")+` } }`,
				add(&pb.Functions))
			text(t, strings.TrimSuffix(strings.TrimPrefix(external("initializer"), "{"), "}"),
				add(&pb.Graph.Initializer))
			text(t, `dims: 2 values `+external("sparse")+` indices { data_type: 7 dims: 1 int64_data: 0 }`,
				add(&pb.Graph.SparseInitializer))
		})
	m, err := Parse("net.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := m.ExternalFiles(); err != nil || strings.Join(files,
		" ") != "constant function initializer sparse subgraph" {
		t.Errorf("%v, %v", files, err)
	}
}

// add appends an empty message to a list.
func add[T any](list *[]*T) *T {
	*list = append(*list, new(T))
	return (*list)[len(*list)-1]
}
