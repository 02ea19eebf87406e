package census

// pageLength is the number of entries of a page.
const pageLength = 1 << 12

// column is a list that grows by pages, which stay where they are: an append never copies more than
// the first page, and nothing but the last page has room to spare.
type column[T any] struct{ pages [][]T } // every page but the last is full

// newColumn returns n zero values.
func newColumn[T any](n int) *column[T] {
	c := new(column[T])
	for ; n > 0; n -= pageLength {
		c.pages = append(c.pages, make([]T, min(n, pageLength)))
	}
	return c
}

func (c *column[T]) len() int {
	last := len(c.pages) - 1
	if last < 0 {
		return 0
	}
	return last*pageLength + len(c.pages[last])
}

func (c *column[T]) at(i int) *T { return &c.pages[i/pageLength][i%pageLength] }

func (c *column[T]) push(v T) {
	last := len(c.pages) - 1
	if last < 0 || len(c.pages[last]) == pageLength {
		var page []T
		if last >= 0 { // the first page grows with small censuses
			page = make([]T, 0, pageLength)
		}
		c.pages = append(c.pages, page)
		last++
	}
	c.pages[last] = append(c.pages[last], v)
}

// put sets entry i, which may be the next one.
func (c *column[T]) put(i int, v T) {
	if i == c.len() {
		c.push(v)
	} else {
		*c.at(i) = v
	}
}
