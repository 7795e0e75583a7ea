//go:build !linux

package backup

func evict(string) (bool, error) { return false, nil }
