// Command testsum reads `go test -json`, prints what failed (with its output), what was skipped (with its reason) and
// the number of tests. It exits with 1 when a test or a package failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func main() {
	type key struct{ pkg, test string }
	output := map[key]*strings.Builder{}
	var passed, failed, skipped int
	broken := false
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // a build error, as the compiler told it
			continue
		}
		k := key{e.Package, e.Test}
		switch e.Action {
		case "output", "build-output":
			if output[k] == nil {
				output[k] = &strings.Builder{}
			}
			output[k].WriteString(e.Output)
		case "pass":
			if e.Test != "" {
				passed++
			} else {
				fmt.Printf("ok    %-52s %6.1fs\n", e.Package, e.Elapsed)
			}
			delete(output, k)
		case "skip":
			if e.Test != "" {
				skipped++
				fmt.Printf("SKIPPED %s %s: %s\n", e.Package, e.Test, reason(output[k]))
			}
			delete(output, k)
		case "fail", "build-fail":
			broken = true
			if e.Test != "" {
				failed++
			}
			fmt.Printf("FAIL  %s %s\n", e.Package, e.Test)
			if b := output[k]; b != nil {
				fmt.Print(b.String())
			}
			delete(output, k)
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "testsum: read test output:", err)
		os.Exit(1)
	}
	for k, b := range output {
		if k.test == "" && k.pkg == "" {
			fmt.Print(b.String())
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if broken || passed == 0 {
		os.Exit(1)
	}
}

// reason is the line in which a test said why it was skipped.
func reason(b *strings.Builder) string {
	if b == nil {
		return ""
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if at := strings.Index(line, "SKIPPED: "); at >= 0 {
			return line[at+len("SKIPPED: "):]
		}
	}
	return strings.TrimSpace(b.String())
}
