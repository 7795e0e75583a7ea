package main

import (
	"os"
	"testing"

	"jingwei/internal/kernel/log/jetstream/natstest"
)

// asProgram makes the test binary be jingwei: tests start it as the processes that they are about, and those start
// more of it.
const asProgram = "JINGWEI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	natstest.Main()
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv("JINGWEI_TEST_STRICT")
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}
