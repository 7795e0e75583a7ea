package faults

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFaultsAtSingleOperationsLoseNothing(t *testing.T) {
	sum, err := points(context.Background(), 1, 13, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", sum)
	if sum.Lost+sum.Wrong+sum.Broken > 0 {
		t.Errorf("%q", sum.First)
	}
	for _, kind := range []string{fullDisk, ioError, failedFsync} {
		if sum.Lives[kind] == 0 {
			t.Errorf("no life with %s", kind)
		}
	}
	if sum.Struck == 0 || sum.Refused == 0 || sum.Checked == 0 {
		t.Error("nothing was tried")
	}
}

func TestFlippedBitsAreNeverServed(t *testing.T) {
	sums, err := flips(context.Background(), 1, 120, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for kind, s := range sums {
		t.Logf("%s: %+v", kind, s)
		if s.Wrong+s.Spread+s.Unnamed+s.Lost > 0 {
			t.Errorf("%s: %q", kind, s.First)
		}
		if s.AtOpen+s.AtRead+s.Verified+s.Harmless+s.Lost+s.Newest != s.Flips {
			t.Errorf("%s: flips whose end is not known: %+v", kind, s)
		}
	}
	if len(sums) != len(shares) || sums[blockFile].Confined == 0 {
		t.Errorf("%v", sums)
	}
}
