package crash

import (
	"fmt"
	"os"
	"testing"
)

func TestNothingIsLostOnFaultyDisks(t *testing.T) {
	sum, err := disks(t.Context(), seedOf(t), runsOf(t), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", sum)
}

func seedOf(t *testing.T) uint64 {
	var v uint64 = 1
	if x := os.Getenv("S"); x != "" {
		fmt.Sscan(x, &v)
	}
	return v
}
func runsOf(t *testing.T) int {
	v := 6
	if x := os.Getenv("N"); x != "" {
		fmt.Sscan(x, &v)
	}
	return v
}
func cyclesOf(t *testing.T) int {
	v := 6
	if x := os.Getenv("C"); x != "" {
		fmt.Sscan(x, &v)
	}
	return v
}
