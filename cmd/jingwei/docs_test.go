package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestCoverageHasEverySystemOnce(t *testing.T) {
	b, err := os.ReadFile("../../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\| (S\d{3}) \| [^|]+ \| (built|part|no) \| ([^|]*) \| ([^|]*) \|$`)
	next := 1
	for i, line := range strings.Split(string(b), "\n") {
		if !strings.HasPrefix(line, "| S") {
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("line %d is no row: %s", i+1, line)
			continue
		}
		if want := fmt.Sprintf("S%03d", next); m[1] != want {
			t.Errorf("line %d is %s, want %s", i+1, m[1], want)
		}
		if m[2] != "no" && (strings.TrimSpace(m[3]) == "" || strings.TrimSpace(m[4]) == "") {
			t.Errorf("%s is %q and does not say where and how to see it", m[1], m[2])
		}
		next++
	}
	if next-1 != 261 {
		t.Errorf("%d rows, want 261", next-1)
	}
}
