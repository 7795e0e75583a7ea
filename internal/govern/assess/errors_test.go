package assess

import "testing"

func TestEveryProblemHasWordsInBothLanguages(t *testing.T) {
	c, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	if missing := c.Missing(kinds()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	if got, want := len(c.Codes()), len(kinds()); got != want {
		t.Errorf("%d wordings for %d problems", got, want)
	}
}
