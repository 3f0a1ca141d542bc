package kernels

import (
	"os"
	"strconv"
	"strings"
)

// cacheBytes is the size of the data cache of each level, as Linux tells it of the first CPU.
var cacheBytes = caches("/sys/devices/system/cpu/cpu0/cache/")

// caches reads a folder of sysfs; a level that it does not tell of gets the size that a small CPU has.
func caches(folder string) [4]int {
	bytes := [4]int{1: 32 << 10, 2: 512 << 10, 3: 4 << 20}
	for index := 0; ; index++ {
		fact := func(name string) string {
			file, err := os.Open(folder + "index" + strconv.Itoa(index) + "/" + name)
			if err != nil {
				return ""
			}
			defer file.Close()
			var text [32]byte
			length, _ := file.Read(text[:])
			return strings.TrimSpace(string(text[:length]))
		}
		level, err := strconv.Atoi(fact("level"))
		if err != nil {
			return bytes
		}
		size, err := strconv.Atoi(strings.TrimSuffix(fact("size"), "K"))
		if err == nil && size > 0 && level < len(bytes) && fact("type") != "Instruction" {
			bytes[level] = size << 10
		}
	}
}
