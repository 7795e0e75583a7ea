package web

import (
	"io/fs"
	"strings"
	"testing"
)

func TestConsoleHasAnIndexPageWhetherBuiltOrNot(t *testing.T) {
	console, built := Console()
	page, err := fs.ReadFile(console, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(string(page), `id="root"`); got != built {
		t.Errorf("index.html holds the console's root element: %v, but built = %v", got, built)
	}
}
