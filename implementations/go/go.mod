module matmul

go 1.27
