// Package rows holds what one pushed request tells while it is judged: series as the sender names them, rows, and what is
// wrong with them. Decoders fill a Batch; nothing of it is stored before every row has been found good.
package rows
