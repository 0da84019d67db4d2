package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// checkPage writes the page of a check with names from a list.
func checkPage(t *testing.T, name string) string {
	t.Helper()
	image := CheckImage{Path: name, Label: name, Suggested: name, Evidence: name, Thumbnail: []byte("jpeg")}
	c := Check{Finetune: "test", Source: name, Images: 9, CopiesN: 30, SuspectN: 40,
		Findings: []CheckFinding{{"problem", name, name, make([]string, 205)}, {"warning", name, name, []string{name}}},
		Classes:  []CheckClass{{Name: name, All: 9}}}
	for range 6 {
		c.Copies = append(c.Copies, CheckCopies{Why: name, Images: []CheckImage{image, {Path: name, Missing: "no picture"}}})
	}
	for range 12 {
		c.Suspects = append(c.Suspects, image)
	}
	var page bytes.Buffer
	if err := WriteCheck(&page, c); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestWriteCheck(t *testing.T) {
	page := checkPage(t, "a name")
	for _, part := range []string{"The first 6 of 30 groups.", "The first 12 of 40 labels.", "and 5 more; check.json has them", "2 more</summary>", "4 more</summary>",
		"no picture", "perhaps <b>a name</b>", `src="data:image/jpeg`, "default-src 'none'"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	elements, attributes := shape(t, page)
	evilElements, evilAttributes := shape(t, checkPage(t, `"><script>alert(1)</script><img src=x onerror=alert(1)>`))
	if fmt.Sprint(elements, attributes) != fmt.Sprint(evilElements, evilAttributes) {
		t.Errorf("names change the page's structure:\n%v\n%v", elements, evilElements)
	}
	var empty bytes.Buffer
	if err := WriteCheck(&empty, Check{Source: "x"}); err != nil || !strings.Contains(empty.String(), "Nothing wrong was found.") {
		t.Errorf("without findings: %v", err)
	}
}

func TestLearningCurveOnThePage(t *testing.T) {
	d := sample(t, grades, 60)
	if strings.Contains(written(t, d), `id="learning"`) {
		t.Error("a learning curve that wasn't measured")
	}
	d.Learning = &Learning{
		Points: []LearningPoint{{Images: 100, MAE: 0.5, MAEInterval: [2]metrics.Number{0.4, 0.6}, RPS: 0.3}, {Images: 200, MAE: 0.4, MAEInterval: [2]metrics.Number{0.3, 0.5}, RPS: 0.25}},
		ByClass: []LearningChange{{-0.2, [2]metrics.Number{-0.3, -0.1}}, {0.1, [2]metrics.Number{-0.1, 0.3}},
			{0.2, [2]metrics.Number{0.1, 0.3}}},
	}
	page := written(t, d)
	for _, part := range []string{`<a href="#learning">`, "helped", "not proven", "did harm", "0.300 – 0.500"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	d.Learning.ByClass = nil
	if err := Write(&bytes.Buffer{}, d); err == nil {
		t.Error("a learning curve of other classes was drawn")
	}
}

// TestAppPolicy checks that the policy of a served page names the digests of its own script and style alone.
func TestAppPolicy(t *testing.T) {
	page, policy, err := App{Kind: "review", Source: `<script>alert("name")</script>`, Body: `<main id="main"></main>`, Style: "p { margin: 0; }", Script: "let a = 1 < 2 && '</b>';"}.Page()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(policy, "unsafe") || strings.Count(policy, "'sha256-") != 2 || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	if n := bytes.Count(page, []byte("<script>")); n != 1 || !bytes.Contains(page, []byte("<script>let a = 1 < 2 && '</b>';</script>")) {
		t.Errorf("%d scripts in\n%s", n, page)
	}
}
