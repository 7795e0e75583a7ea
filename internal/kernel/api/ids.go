package api

import "github.com/google/uuid"

// IDs reads a repeated parameter of ids; huma reads single ones itself. location names it in the fault.
func IDs(location string, list []string) ([]uuid.UUID, error) {
	out := make([]uuid.UUID, len(list))
	for i, s := range list {
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, faultFormat.At(location, s).With("a", "UUID")
		}
		out[i] = id
	}
	return out, nil
}
