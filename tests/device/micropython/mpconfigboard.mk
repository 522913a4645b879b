# A Cortex-M4 with an FPU, for MicroPython's port to QEMU, whose own boards have none:
#   make -C $MPY_DIR/ports/qemu BOARD=MPS2_AN386 BOARD_DIR=this folder FROZEN_MANIFEST=
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an386

CFLAGS += -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M4"'
MICROPY_HEAP_SIZE = 1048576

LDSCRIPT = mcu/arm/mps2.ld
# The startup code calls fpu.c. Not the linker's --wrap: versions of the port link by gcc or by ld, which spell it differently.
$(BUILD)/mcu/arm/startup.o: CFLAGS += -Duart_init=start_fpu_and_uart

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o fpu.o
vpath fpu.c $(BOARD_DIR)

MPY_CROSS_FLAGS += -march=armv7emsp
