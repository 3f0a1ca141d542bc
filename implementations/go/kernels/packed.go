package kernels

import "unsafe"

// A tile computes rows × columns elements of C at once, in vector registers.
type tile struct {
	rows, columns int

	// multiply adds a strip of A times a strip of B to the tile of C at c, whose rows are stride bytes
	// apart. A strip holds depth columns of A (rows of B), one after the other, each as long as the tile.
	multiply func(depth int, a, b, c unsafe.Pointer, stride uintptr)
}

// product is the packed algorithm around the tile: a panel of B that stays in the L3 cache, shared by all
// threads, times blocks of A that stay in each thread's L2 cache, strip by strip. Packing lays a panel or a
// block out in the order in which the tile reads it, padded with zeros to whole strips.
func (t tile) product(a, b, c []float64, n, rows, threads int) {
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
				t.add(block, panel, c[i*n+j:], n, height, width, depth)
			})
		}
	}
}

// add adds a packed block of A times the packed panel of B to C. A tile that hangs over the edge of C is
// computed aside, and what belongs to C is added.
func (t tile) add(block, panel, c []float64, n, height, width, depth int) {
	aside := make([]float64, t.rows*t.columns)
	for j := 0; j < width; j += t.columns {
		for i := 0; i < height; i += t.rows {
			a, b := unsafe.Pointer(&block[i*depth]), unsafe.Pointer(&panel[j*depth])
			if i+t.rows <= height && j+t.columns <= width {
				t.multiply(depth, a, b, unsafe.Pointer(&c[i*n+j]), uintptr(8*n))
				continue
			}
			clear(aside)
			t.multiply(depth, a, b, unsafe.Pointer(&aside[0]), uintptr(8*t.columns))
			for r := range min(t.rows, height-i) {
				for s := range min(t.columns, width-j) {
					c[(i+r)*n+j+s] += aside[r*t.columns+s]
				}
			}
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
