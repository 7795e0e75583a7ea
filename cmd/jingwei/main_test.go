package main

import (
	"os"
	"testing"
)

// asProgram makes the test binary be jingwei: tests start it as the processes that they are about, and those start
// more of it.
const asProgram = "JINGWEI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv("JINGWEI_TEST_STRICT")
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}
