package kernels

import (
	"sync"
	"sync/atomic"
)

// A cut divides total things into parts of nearly the same size, all but the last a multiple of unit.
type cut struct{ total, unit, parts int }

// split cuts total into parts no larger than most, as few as that takes, or a multiple of times as many.
func split(total, unit, most, times int) cut {
	units := (total + unit - 1) / unit
	parts := (units-1)/max(most/unit, 1) + 1
	return cut{total, unit, min((parts+times-1)/times*times, units)}
}

// part returns where a part begins and how many things it holds.
func (c cut) part(number int) (first, count int) {
	units := (c.total + c.unit - 1) / c.unit
	first = units * number / c.parts * c.unit
	return first, min(units*(number+1)/c.parts*c.unit, c.total) - first
}

// most is the size of the largest part, in whole units.
func (c cut) most() int {
	units := (c.total + c.unit - 1) / c.unit
	return ((units-1)/c.parts + 1) * c.unit
}

// deal has workers, of which the caller is one, do the pieces of a piece of work, each taking the next one when
// it is free.
func deal(workers, pieces int, do func(worker, piece int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	work := func(worker int) {
		for piece := int(next.Add(1)) - 1; piece < pieces; piece = int(next.Add(1)) - 1 {
			do(worker, piece)
		}
	}
	for worker := 1; worker < workers; worker++ {
		group.Go(func() { work(worker) })
	}
	work(0)
	group.Wait()
}
