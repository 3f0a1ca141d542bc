package kernels

import "unsafe"

// strided is where a block of numbers begins, and how many bytes they are apart from row to row and along a row.
type strided struct {
	first     unsafe.Pointer
	row, step uintptr
}

// stride is the block that m begins with, its distances told in numbers.
func stride(m []float64, row, step int) strided {
	return strided{unsafe.Pointer(&m[0]), uintptr(8 * row), uintptr(8 * step)}
}

// at is where a row begins.
func (s strided) at(row uintptr) *float64 { return (*float64)(unsafe.Add(s.first, row*s.row)) }

// along is one step along the rows, down is the next row: neither may leave the block, where the garbage collector
// would take the pointer for another's.
func (s strided) along() strided { return strided{unsafe.Add(s.first, s.step), s.row, s.step} }
func (s strided) down() strided  { return strided{unsafe.Add(s.first, s.row), s.row, s.step} }

// A tile computes rows × columns elements of C at once, in vector registers.
type tile struct {
	rows, columns int

	// multiply adds depth columns of A times as many rows of B to the tile of C.
	multiply func(depth int, a, b, c strided)

	narrower *tile // for columns that are left over; none for the last
}

// worthAThread is how many multiplications take twice as long as starting another thread.
const worthAThread = 1 << 22

// product adds A · B to C, on as many of the threads as that deserves. Where B stays in a core's own cache by
// itself, packing would not be worth its time.
func (t tile) product(a, b, c []float64, n, rows, threads int) {
	threads = min(threads, 1+n*n*rows/worthAThread)
	if 8*n*n <= cacheBytes[2]/2 && n >= t.columns && rows >= t.rows {
		t.inPlace(a, b, c, n, rows, threads)
	} else {
		t.packed(a, b, c, n, rows, threads)
	}
}

// inPlace gives every thread rows of its own, of which those that do not fill a tile are left to a lower one.
func (t tile) inPlace(a, b, c []float64, n, rows, threads int) {
	heights := split(rows, t.rows, rows, threads)
	asides := packingMemory(heights.parts * t.rows * t.columns)
	deal(threads, heights.parts, func(_, piece int) {
		first, height := heights.part(piece)
		aside := asides[piece*t.rows*t.columns:][:t.rows*t.columns]
		multiply := func(t *tile, first, end int) {
			for j, fitting := 0, t; j < n; j += fitting.columns {
				for fitting.columns > n-j && fitting.narrower != nil {
					fitting = fitting.narrower
				}
				left := min(j, n-fitting.columns) // a tile that would leave C is moved back into it
				columns := stride(b[left:], n, 1)
				for i := first; i < end; i += fitting.rows {
					top := min(i, rows-fitting.rows)
					strip, to := stride(a[top*n:], n, 1), c[top*n+left:]
					if top == i && left == j {
						fitting.multiply(n, strip, columns, stride(to, n, 1))
					} else {
						fitting.add(n, strip, columns, to, n, aside, i-top, fitting.rows, j-left, fitting.columns)
					}
				}
			}
		}
		whole := first + height
		if t.narrower != nil && t.narrower.rows < t.rows {
			whole = first + height/t.rows*t.rows
			multiply(t.narrower, whole, first+height)
		}
		multiply(&t, first, whole)
	})
}

// add adds a tile to C, of which the rows from top to bottom and the columns from left to right are wanted; where
// these are not all, it is computed aside first.
func (t *tile) add(depth int, a, b strided, c []float64, n int, aside []float64, top, bottom, left, right int) {
	if bottom-top == t.rows && right-left == t.columns {
		t.multiply(depth, a, b, stride(c, n, 1))
		return
	}
	aside = aside[:t.rows*t.columns]
	clear(aside)
	t.multiply(depth, a, b, stride(aside, t.columns, 1))
	for r := top; r < bottom; r++ {
		to, from := c[r*n+left:r*n+right], aside[r*t.columns+left:r*t.columns+right]
		for s, sum := range from {
			to[s] += sum
		}
	}
}

// packed is the algorithm around the tile for a larger B: a panel of B that stays in the L3 cache, shared by all
// threads, times blocks of A that stay in each thread's L2 cache, strip by strip. Packing lays a panel or a
// block out in the order in which the tile reads it, padded with zeros to whole strips.
func (t tile) packed(a, b, c []float64, n, rows, threads int) {
	// Every panel costs a walk over all of C, so panels are deep: a strip of A fills the L1 cache, and is
	// read from L2 as fast as the tile asks for it.
	depths := split(n, 1, cacheBytes[1]/8/t.rows, 1)
	widths := split(n, t.columns, cacheBytes[3]/2/8/depths.most(), 1)
	heights := split(rows, t.rows, 3*cacheBytes[2]/4/8/depths.most(), threads)

	workers := min(threads, heights.parts)
	blockSize := heights.most() * depths.most()
	panelSize := widths.most() * depths.most()
	memory := packingMemory(panelSize + workers*blockSize)
	panel, blocks, zeros := memory[:panelSize], memory[panelSize:], make([]float64, depths.most())

	for w := range widths.parts {
		j, width := widths.part(w)
		for d := range depths.parts {
			k, depth := depths.part(d)
			slices := split(depth, 8, 8, 1)
			deal(threads, slices.parts, func(_, piece int) {
				first, count := slices.part(piece)
				t.packB(panel[first*t.columns:], b[(k+first)*n+j:], n, count, width, depth)
			})
			deal(workers, heights.parts, func(worker, piece int) {
				i, height := heights.part(piece)
				block := blocks[worker*blockSize:]
				t.packA(block, a[i*n+k:], zeros, n, height, depth)
				t.multiplyBlock(block, panel, c[i*n+j:], n, height, width, depth)
			})
		}
	}
}

// multiplyBlock adds a packed block of A times the packed panel of B to C.
func (t tile) multiplyBlock(block, panel, c []float64, n, height, width, depth int) {
	aside := make([]float64, t.rows*t.columns)
	for j := 0; j < width; j += t.columns {
		for i := 0; i < height; i += t.rows {
			t.add(depth, stride(block[i*depth:], 1, t.rows), stride(panel[j*depth:], t.columns, 1), c[i*n+j:], n,
				aside, 0, min(t.rows, height-i), 0, min(t.columns, width-j))
		}
	}
}

// packA packs height rows of A, depth columns wide. It reads four rows at once, which memory delivers faster
// than one after the other; tiles have a multiple of four rows.
func (t tile) packA(to, a, zeros []float64, n, height, depth int) {
	row := func(i int) []float64 {
		if i < height {
			return a[i*n:][:depth]
		}
		return zeros[:depth]
	}
	for i := 0; i < height || i%t.rows != 0; i += 4 {
		strip := to[i/t.rows*t.rows*depth+i%t.rows:]
		r0, r1, r2, r3 := row(i), row(i+1), row(i+2), row(i+3)
		for k := range depth {
			column := (*[4]float64)(strip[k*t.rows:])
			column[0], column[1], column[2], column[3] = r0[k], r1[k], r2[k], r3[k]
		}
	}
}

// packB packs count rows of B, width columns wide, into strips that hold depth rows.
func (t tile) packB(to, b []float64, n, count, width, depth int) {
	for j := 0; j < width; j += t.columns {
		for k := range count {
			row := to[j*depth+k*t.columns:][:t.columns]
			clear(row[copy(row, b[k*n+j:][:min(t.columns, width-j)]):])
		}
	}
}
