// Package rollup is `jingwei bench rollup`: how long a province of enterprises takes to add up. Each enterprise has a node of its own
// and gives the observations of all indicators for twelve months; what they gave stands in the store, in columns. Measured are the
// full computation, reading every observation from the store and writing every figure with its parts; what it costs to restate after
// 0.1, 1 and 5 percent of the observations have changed; and the memory of the process.
package rollup
