package gs1

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/peertest"
)

// ask runs the judges of tools/peers over all questions at once.
func ask[A any](t testing.TB, pkg string, questions any, args ...string) (answers A) {
	t.Helper()
	dir := peertest.Node(t, pkg)
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{filepath.Join(dir, "gs1.mjs")}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(string(in)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gs1.mjs %v: %v", args, err)
	}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("gs1.mjs %v answered %.200q: %v", args, out, err)
	}
	return answers
}

type question struct {
	Text       string `json:"text"`
	Link       bool   `json:"link,omitempty"`
	Requisites bool   `json:"requisites"`
}

type verdict struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

// seed of the vectors; JINGWEI_SEED gives another.
func seed(t testing.TB) uint64 {
	var n uint64 = 20260101
	if s := os.Getenv("JINGWEI_SEED"); s != "" {
		if err := json.Unmarshal([]byte(s), &n); err != nil {
			t.Fatalf("JINGWEI_SEED=%q is no number", s)
		}
	}
	t.Logf("JINGWEI_SEED=%d", n)
	return n
}

// deviation says why BWIPP 2026-05-28 and we differ over an element string, or "" when nothing explains it. Where they differ, the
// dictionary's own reference linters decide.
func deviation(es Elements, f *Fault) string {
	has := func(ai, value string) bool {
		v, ok := es.Value(ai)
		return ok && v == value
	}
	_, made := es.Value("03")
	switch {
	case made:
		return "03 may stand for 01 with many AIs since a dictionary that BWIPP has not taken in"
	case f != nil && f.Rule == RuleCompanyPrefix && len(f.Value) > 1 && digits(f.Value[:2]) < 0:
		return "a Company Prefix has at least 4 digits for the reference linter, 2 for BWIPP"
	case f != nil && f.AI == "8011" && f.Value == "0":
		return "8011=0: nozeroprefix refuses a leading nought, also a lone one"
	case f == nil && (has("7041", "APE") || has("7041", "AT")):
		return "7041: BWIPP's list has APE and AT in one entry"
	case f != nil && f.Rule == RuleIBAN && len(f.Value) < shortestIBAN:
		return "8007: the reference linter wants more than ten characters"
	}
	for _, e := range es {
		if f == nil && strings.HasPrefix(e.AI, "39") && len(e.Value) > 3 && e.Value[:3] == "924" {
			return "924 (ZWG) came into ISO 4217 in 2024"
		}
	}
	return ""
}

// brackets are the AIs of a string that was refused, unchecked.
func brackets(s string) (es Elements) {
	for _, part := range strings.Split(s, "(")[1:] {
		ai, value, _ := strings.Cut(part, ")")
		es = append(es, Element{AI: ai, Value: value})
	}
	return es
}

// compare has both judge; it returns how many were valid and how often they agreed.
func compare(t *testing.T, questions []question, read func(string) (Elements, error)) {
	t.Helper()
	verdicts := ask[[]verdict](t, "bwip-js", questions, "bwipp")
	valid, explained := 0, map[string]int{}
	for i, q := range questions {
		es, err := read(q.Text)
		if err == nil {
			valid++
		}
		if (err == nil) == verdicts[i].OK {
			continue
		}
		f, _ := err.(*Fault)
		if es == nil {
			es = brackets(q.Text)
		}
		if why := deviation(es, f); why != "" {
			explained[why]++
			continue
		}
		t.Errorf("%s\n  we:    %v\n  BWIPP: %v %s", q.Text, err, verdicts[i].OK, verdicts[i].Error)
	}
	t.Logf("%d vectors, %d of them valid; %v", len(questions), valid, explained)
	if valid == 0 || valid == len(questions) {
		t.Error("the vectors are not of both kinds")
	}
}

// TestContentAsBWIPP: every AI, valid and broken, is judged as by BWIPP, which carries GS1's dictionary and linters.
func TestContentAsBWIPP(t *testing.T) {
	var qs []question
	for _, s := range newVectors(seed(t)).content(3, 7) {
		qs = append(qs, question{Text: s})
	}
	compare(t, qs, ParseBracketed)
}

// TestAssociationsAsBWIPP: what AIs need and bar is judged as by BWIPP.
func TestAssociationsAsBWIPP(t *testing.T) {
	var qs []question
	for _, s := range newVectors(seed(t)).together(500) {
		qs = append(qs, question{Text: s, Requisites: true})
	}
	compare(t, qs, func(s string) (Elements, error) {
		es, err := ParseBracketed(s)
		if err == nil {
			err = es.Check()
		}
		return es, err
	})
}
