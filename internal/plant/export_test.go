package plant

import "jingwei/internal/kernel/api/problem"

// Missing tells which kinds of problem have no words.
func Missing() ([]string, error) {
	c, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		return nil, err
	}
	return c.Missing(kinds...), nil
}
