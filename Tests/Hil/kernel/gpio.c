// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines, as a chip with names and interrupts. Inputs have the level that the board told last; a change is an
 * interrupt. A change of an output is a request to the board, but for HEARTBEAT: it changes every millisecond, nobody
 * waits for it on a board, and the board hears of its edges and its level every few milliseconds. Two lines lie beside
 * the wires of the I2C bus.
 */
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "gimbal_sim.h"

/* Inputs first, with the numbers of the board protocol, then its outputs. */
enum { FPGA_DONE, FPGA_IRQ, PPS, TAMPER, LASER_ARM, FRAME_TRIGGER, HEARTBEAT, I2C_SCL, I2C_SDA, LINES };
#define INPUTS (BIT(FPGA_DONE) | BIT(FPGA_IRQ) | BIT(PPS) | BIT(TAMPER))

static const char * const names[LINES] = {
	"FPGA_DONE", "FPGA_IRQ", "PPS", "TAMPER", "LASER_ARM", "FRAME_TRIGGER", "HEARTBEAT", "I2C_SCL", "I2C_SDA",
};

static unsigned int edges_lost;
module_param(edges_lost, uint, 0644);
MODULE_PARM_DESC(edges_lost, "inputs whose interrupts get lost, one bit each; levels are told all the same");

static unsigned int edges[TAMPER + 1];
module_param_array(edges, uint, NULL, 0444);
MODULE_PARM_DESC(edges, "changes of each input so far");

/* Two locks, because the board may tell of an input before it answers for an output. They keep changes in order. */
static DEFINE_MUTEX(driving);
static DEFINE_MUTEX(sensing);
static unsigned long driven;
static unsigned long sensed;
static unsigned long unmasked;
static unsigned int edge_types[LINES];
static struct gpio_chip chip;

/* How often the board hears of HEARTBEAT at most. */
#define BEAT_PERIOD_MS 8
/* When the board may hear of it next, and what it heard last; only the work touches the second. */
static unsigned long beat_due;
static bool beat_told;

static int get_direction(struct gpio_chip *of, unsigned int line)
{
	bool is_output = line >= LASER_ARM && line <= I2C_SCL;

	return is_output ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int get(struct gpio_chip *of, unsigned int line)
{
	switch (line) {
	case I2C_SCL:
		return gimbal_i2c_clock();
	case I2C_SDA:
		return gimbal_i2c_data();
	default:
		return !!((READ_ONCE(driven) | READ_ONCE(sensed)) & BIT(line));
	}
}

static int tell(unsigned int line, bool high)
{
	u8 level = high;
	struct gimbal_request request = {
		.operation = BOARD_SET_LINE, .argument = line - LASER_ARM, .payload = &level, .payload_bytes = 1,
	};

	return gimbal_ask(&request);
}

/* At least one edge, and at last the level of now. */
static void tell_beat(struct work_struct *work)
{
	WRITE_ONCE(beat_due, jiffies + msecs_to_jiffies(BEAT_PERIOD_MS));
	do {
		if (tell(HEARTBEAT, !beat_told))
			return;
		beat_told = !beat_told;
	} while (beat_told != !!(READ_ONCE(driven) & BIT(HEARTBEAT)));
}

static DECLARE_DELAYED_WORK(beating, tell_beat);

static void beat(void)
{
	unsigned long due = READ_ONCE(beat_due), now = jiffies;

	if (!gimbal_is_alone())
		queue_delayed_work(system_highpri_wq, &beating, time_before(now, due) ? due - now : 0);
}

static int drive(unsigned int line, bool high)
{
	int result;

	mutex_lock(&driving);
	result = line == HEARTBEAT ? 0 : tell(line, high);
	if (!result) {
		bool changes = high != !!(driven & BIT(line));

		WRITE_ONCE(driven, high ? driven | BIT(line) : driven & ~BIT(line));
		if (line == HEARTBEAT && changes)
			beat();
	}
	mutex_unlock(&driving);
	return result;
}

static int direction_input(struct gpio_chip *of, unsigned int line)
{
	/* Who only listens to the clock releases it; no pull-up of this board holds an output up or down. */
	if (line == I2C_SCL)
		gimbal_i2c_set_clock(true);
	else if (line >= LASER_ARM && line < I2C_SCL)
		return -EPERM;
	return 0;
}

static int direction_output(struct gpio_chip *of, unsigned int line, int value)
{
	if (line == I2C_SCL) {
		gimbal_i2c_set_clock(value);
		return 0;
	}
	/* Something on the board drives the inputs. */
	if (line < LASER_ARM || line == I2C_SDA)
		return -EPERM;
	return drive(line, value);
}

static void set(struct gpio_chip *of, unsigned int line, int value)
{
	if (line == I2C_SCL)
		gimbal_i2c_set_clock(value);
	else if (drive(line, value))
		dev_warn(of->parent, "%s: the board does not answer\n", names[line]);
}

static int set_config(struct gpio_chip *of, unsigned int line, unsigned long config)
{
	switch (pinconf_to_config_param(config)) {
	case PIN_CONFIG_DRIVE_OPEN_DRAIN:
		return line == I2C_SCL ? 0 : -ENOTSUPP;
	case PIN_CONFIG_DRIVE_PUSH_PULL:
		return line == I2C_SCL ? -ENOTSUPP : 0;
	default:
		return -ENOTSUPP;
	}
}

/* Interrupts. */

static void mask(struct irq_data *data)
{
	clear_bit(irqd_to_hwirq(data), &unmasked);
	gpiochip_disable_irq(&chip, irqd_to_hwirq(data));
}

static void unmask(struct irq_data *data)
{
	gpiochip_enable_irq(&chip, irqd_to_hwirq(data));
	set_bit(irqd_to_hwirq(data), &unmasked);
}

static int set_type(struct irq_data *data, unsigned int type)
{
	if (!(type & IRQ_TYPE_EDGE_BOTH) || (type & ~IRQ_TYPE_EDGE_BOTH) || irqd_to_hwirq(data) > TAMPER)
		return -EINVAL;
	WRITE_ONCE(edge_types[irqd_to_hwirq(data)], type);
	return 0;
}

static const struct irq_chip interrupts = {
	.name = "gimbal-sim",
	.irq_mask = mask,
	.irq_unmask = unmask,
	.irq_set_type = set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

void gimbal_gpio_levels(u8 now)
{
	unsigned long changed, line;

	mutex_lock(&sensing);
	changed = (sensed ^ now) & INPUTS;
	WRITE_ONCE(sensed, sensed ^ changed);
	for_each_set_bit(line, &changed, TAMPER + 1) {
		unsigned int type = now & BIT(line) ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_EDGE_FALLING;

		edges[line]++;
		if (READ_ONCE(edges_lost) & BIT(line))
			continue;
		if (test_bit(line, &unmasked) && (READ_ONCE(edge_types[line]) & type))
			generic_handle_domain_irq_safe(chip.irq.domain, line);
	}
	mutex_unlock(&sensing);
}

int gimbal_gpio_start(struct platform_device *device)
{
	chip = (struct gpio_chip) {
		.label = "gimbal-sim", .parent = &device->dev, .owner = THIS_MODULE, .base = -1, .ngpio = LINES,
		.names = names, .can_sleep = true, .get_direction = get_direction, .get = get, .set = set,
		.direction_input = direction_input, .direction_output = direction_output, .set_config = set_config,
	};
	beat_due = jiffies;
	gpio_irq_chip_set_chip(&chip.irq, &interrupts);
	chip.irq.default_type = IRQ_TYPE_NONE;
	chip.irq.handler = handle_simple_irq;
	return gpiochip_add_data(&chip, NULL);
}

void gimbal_gpio_stop(void)
{
	cancel_delayed_work_sync(&beating);
	gpiochip_remove(&chip);
}
