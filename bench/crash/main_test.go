package crash

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// selfRun makes the test binary run Command: verifier and gateway are this very program.
const selfRun = "CRASH_TEST_SELF"

func TestMain(m *testing.M) {
	if os.Getenv(selfRun) == "" {
		os.Exit(m.Run())
	}
	c := Command()
	c.SetArgs(os.Args[1:])
	if err := c.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
