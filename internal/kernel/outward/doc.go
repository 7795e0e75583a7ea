// Package outward is how a node speaks to addresses that people have entered: webhooks, robots, nodes above it. One door looks at
// where each connection really goes.
package outward
