package drift

import (
	"os"
	"testing"

	"finetune/internal/pipelinetest"
)

func TestMain(m *testing.M) { os.Exit(pipelinetest.Main(m)) }
